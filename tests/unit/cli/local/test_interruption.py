import os
import signal

import pytest

from pfi_cli.local.interruption import STOP_SIGNALS, interruptible, uninterrupted


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_every_stop_signal_interrupts(number):
    with pytest.raises(KeyboardInterrupt), interruptible():
        os.kill(os.getpid(), number)


def test_a_clean_up_is_not_interrupted():
    with interruptible(), uninterrupted():
        for number in STOP_SIGNALS:
            os.kill(os.getpid(), number)


def test_handlers_are_put_back():
    before = [signal.getsignal(number) for number in STOP_SIGNALS]
    with interruptible(), uninterrupted():
        assert [signal.getsignal(number) for number in STOP_SIGNALS] != before
    assert [signal.getsignal(number) for number in STOP_SIGNALS] == before
