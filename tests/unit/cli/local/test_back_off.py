from pfi_cli.local.back_off import CALM_SECONDS, LONGEST_SECONDS, BackOff


def crash_and_restart(back_off, now):
    delay = back_off.crashed(now)
    back_off.started(now + delay)
    return delay


def test_delays_double_up_to_a_limit():
    back_off = BackOff()
    delays = [crash_and_restart(back_off, float(now)) for now in range(10)]
    assert delays[:4] == [0.5, 1.0, 2.0, 4.0]
    assert max(delays) == delays[-1] == LONGEST_SECONDS


def test_a_crash_is_news_once_and_due_after_its_delay():
    back_off = BackOff()
    assert back_off.crashed(10.0) == 0.5
    assert back_off.crashed(10.2) is None
    assert not back_off.due(10.4)
    assert back_off.due(10.5)
    back_off.started(10.5)
    assert not back_off.due(99.0)


def test_a_process_that_ran_for_long_starts_afresh():
    back_off = BackOff()
    for now in range(5):
        crash_and_restart(back_off, float(now))
    back_off.started(100.0)
    assert back_off.crashed(100.0 + CALM_SECONDS) == 0.5
