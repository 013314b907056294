import json

import pytest

from pfi_common.errors import (
    ERRORS,
    InternalError,
    RunExistsError,
    StoreUnavailableError,
    error_from_problem,
    http_status,
    problem_document,
)


def test_a_problem_document_says_what_happened_and_what_to_do():
    error = StoreUnavailableError("Redis is away", retry_after_seconds=3, host="a")
    assert problem_document(error) == {
        "type": "urn:pfi:error:store-unavailable",
        "title": "The state store does not answer.",
        "status": 503,
        "detail": "Redis is away",
        "reason": "STORE_UNAVAILABLE",
        "retryable": True,
        "next_step": "Try again after a moment; if it persists, check that Redis runs and has "
        "disk space, and that the artifact store can be read and written.",
        "details": {"host": "a"},
        "retry_after_seconds": 3,
    }


@pytest.mark.parametrize("reason", sorted(ERRORS))
def test_every_error_travels_through_json(reason):
    error = ERRORS[reason]("what happened", retry_after_seconds=1.5, run="r-1")
    copy = error_from_problem(json.loads(json.dumps(problem_document(error))))
    assert type(copy) is type(error)
    assert copy.__dict__ == error.__dict__
    assert 400 <= http_status(error) < 600


@pytest.mark.parametrize(
    "document",
    [{}, {"title": "Bad Gateway"}, {"details": [1], "retry_after_seconds": "soon", "status": 502}],
)
def test_the_document_of_a_proxy_becomes_internal(document):
    error = error_from_problem(document)
    assert type(error) is InternalError
    assert error.retry_after_seconds is None
    assert error.message == document.get("title", InternalError().message)


def test_a_conflict_is_a_conflict():
    assert http_status(RunExistsError()) == 409
