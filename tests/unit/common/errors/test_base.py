import pytest

from pfi_common.errors import (
    PlatformError,
    StoreUnavailableError,
    TokenUsedError,
    UpdateTooLateError,
)


def test_an_error_without_words_speaks_the_catalogs_sentence():
    error = TokenUsedError()
    assert str(error) == error.message == "The join token has been used."
    assert error.next_step == "Ask the operator for a new token; each one enrols one client."
    assert error.details == {}
    assert error.retry_after_seconds is None


def test_an_error_keeps_its_words_and_facts():
    error = UpdateTooLateError("round 3 is sealed", retry_after_seconds=2.5, task="t-1")
    assert (error.message, error.details, error.retry_after_seconds) == (
        "round 3 is sealed",
        {"task": "t-1"},
        2.5,
    )


@pytest.mark.parametrize(
    ("cls", "retryable"), [(StoreUnavailableError, True), (TokenUsedError, False)]
)
def test_retryable_is_the_catalogs(cls, retryable):
    assert cls().retryable is retryable


def test_every_error_is_a_platform_error():
    with pytest.raises(PlatformError):
        raise TokenUsedError
