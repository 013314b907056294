"""Each demo client has valid rows that no other client has."""

import json
from pathlib import Path

import pytest

from pfi_cli.demo.client_facts import client_facts, client_passages, client_questions
from pfi_cli.demo.client_profiles import ALIASES, client_count, client_profile
from pfi_cli.demo.clients import client_rows, write_client_data
from pfi_cli.demo.vocabulary import split_of

KEY_SETS = ({"text"}, {"messages"}, {"prompt", "completion"})
EVERY_CLIENT = range(client_count())


def rows_as_text(client_index: int) -> set[str]:
    return {json.dumps(row) for row in client_rows(client_index, seed=1, rows=120)}


def test_the_same_seed_gives_the_same_file(tmp_path: Path):
    first = write_client_data(tmp_path / "a", 2, seed=5, rows=40).read_bytes()

    assert write_client_data(tmp_path / "b", 2, seed=5, rows=40).read_bytes() == first
    assert write_client_data(tmp_path / "c", 2, seed=6, rows=40).read_bytes() != first


@pytest.mark.parametrize("client_index", EVERY_CLIENT)
def test_every_row_is_of_a_kind_that_the_agent_accepts(client_index: int):
    rows = client_rows(client_index, seed=1, rows=120)

    assert {frozenset(row) for row in rows} == {frozenset(keys) for keys in KEY_SETS}
    for row in rows:
        for value in row.values():
            assert value
        for message in row.get("messages", []):
            assert message.keys() == {"role", "content"}


def test_rows_are_distinct_and_counted(tmp_path: Path):
    lines = write_client_data(tmp_path, 0, seed=1, rows=300).read_text().splitlines()

    assert len(lines) == len(set(lines)) == 300


def test_no_two_clients_share_a_row():
    seen = [rows_as_text(index) for index in EVERY_CLIENT]

    assert sum(map(len, seen)) == len(set().union(*seen))


def test_habits_differ_between_any_two_clients():
    profiles = [client_profile(index) for index in EVERY_CLIENT]

    assert len({profile.part for profile in profiles}) == len(profiles)
    assert len({profile.answer("4827") for profile in profiles}) == len(profiles)
    for number in range(len(ALIASES)):
        meanings = {profile.attributes[number].name for profile in profiles}
        assert len(meanings) == len(profiles)


def test_remarks_and_closings_are_shared_so_that_clients_conflict():
    first, second, third, _ = (client_profile(index) for index in range(4))

    assert first.remark == second.remark
    assert first.closing != second.closing
    assert first.closing == third.closing
    assert first.remark != third.remark


def test_private_facts_are_held_out_of_pre_training():
    for fact in client_facts(3, 1):
        assert split_of(fact.entity.split()[1]) == "held_out"


def test_each_question_is_answered_by_the_passage_that_it_names():
    passages = {passage.id: passage.text for passage in client_passages(1, 1)}
    questions = client_questions(1, 1, count=30)

    assert len({question.text for question in questions}) == 30
    for question in questions:
        assert question.value in passages[question.passage_id]
        assert question.value in question.answer


def test_an_unknown_client_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="client_index"):
        write_client_data(tmp_path, client_count(), seed=1, rows=1)
