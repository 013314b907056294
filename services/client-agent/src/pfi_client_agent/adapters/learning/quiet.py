"""Keeps third-party libraries from writing bars and advice into the agent's output."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from transformers.utils import logging


def quieten_libraries() -> None:
    """Hear only errors of transformers; nothing is lost, since loading is checked by the caller."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()


@contextmanager
def peft_advice_ignored() -> Iterator[None]:
    """Ignore deprecations that peft's own calls into transformers raise."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield
