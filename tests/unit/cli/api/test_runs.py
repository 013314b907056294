"""A run as the command line reads it."""

from tests.support.cli.run_documents import moment, round_document, run_document

from pfi_cli.api.runs import Run


def test_of_several_attempts_the_last_is_the_round():
    aborted = {"round": 1, "attempt": 1, "state": "aborted"}
    published = {"round": 1, "attempt": 2, "state": "published"}
    following = {"round": 2, "attempt": 1, "state": "collecting"}
    document = {"run": "r-1", "name": "a", "state": "running"}
    run = Run.model_validate(document | {"rounds": [aborted, published, following]})
    assert [(each.round, each.attempt) for each in run.rounds] == [(1, 2), (2, 1)]


def test_a_round_lasts_until_the_next_attempt_opens_by_the_same_clock():
    rounds = [
        round_document(1),
        round_document(2, state="aborted", opened_at=moment(11.5), published_at=None),
        round_document(2, attempt=2, opened_at=moment(20.0), published_at=moment(25.0)),
    ]
    run = Run.model_validate(run_document() | {"rounds": rounds})
    assert [each.wall_seconds for each in run.rounds] == [10.5, 5.0]
