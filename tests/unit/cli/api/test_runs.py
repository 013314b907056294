"""A run as the command line reads it."""

from pfi_cli.api.runs import Run


def test_of_several_attempts_the_last_is_the_round():
    aborted = {"round": 1, "attempt": 1, "state": "aborted"}
    published = {"round": 1, "attempt": 2, "state": "published"}
    following = {"round": 2, "attempt": 1, "state": "collecting"}
    document = {"run": "r-1", "name": "a", "state": "running"}
    run = Run.model_validate(document | {"rounds": [aborted, published, following]})
    assert [(each.round, each.attempt) for each in run.rounds] == [(1, 2), (2, 1)]
