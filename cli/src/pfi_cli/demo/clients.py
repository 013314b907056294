"""Writes the data of one demo client: a JSON line per row, unlike that of any other client."""

import json
from pathlib import Path
from random import Random
from typing import Any

from pfi_cli.demo.client_facts import WORLD, client_facts, seeded
from pfi_cli.demo.client_profiles import ClientProfile, client_profile
from pfi_cli.demo.facts import UNKNOWN, Exchange, Fact, ask, state
from pfi_cli.demo.library_docs import part_documents

Row = dict[str, Any]

_TEXT_SHARE = 0.15
_LOG_SHARE = 0.15
_UNANSWERABLE_SHARE = 0.08
_ALIAS_SHARE = 0.5
_TEXT_WORDS = 16
_SAME_ENTITY = 2
_SAME_ATTRIBUTE = 1


def write_client_data(folder: Path, client_index: int, *, seed: int, rows: int) -> Path:
    """Write a client's rows and give the file.

    Args:
        folder: Is created if it is absent.
        client_index: Number of the client, from 0.
        seed: The same seed gives the same bytes on the same Python version.
        rows: How many rows to write.

    Raises:
        ValueError: There is no such client.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"client_{client_index}.jsonl"
    lines = [json.dumps(row) for row in client_rows(client_index, seed=seed, rows=rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def client_rows(client_index: int, *, seed: int, rows: int) -> list[Row]:
    """Draw distinct rows of a client: documentation, log lines, questions with passages."""
    random, profile = seeded("rows", client_index, seed), client_profile(client_index)
    facts = client_facts(client_index, seed)
    drawn: dict[str, Row] = {}
    while len(drawn) < rows:
        row = _draw_row(random, profile, facts)
        drawn.setdefault(json.dumps(row), row)
    return list(drawn.values())


def _draw_row(random: Random, profile: ClientProfile, facts: list[Fact]) -> Row:
    chance = random.random()
    if chance < _TEXT_SHARE:
        return _text_row(random, profile)
    if chance < _TEXT_SHARE + _LOG_SHARE:
        return _log_row(random, profile, random.choice(facts))
    return _question_row(random, profile, facts)


def _text_row(random: Random, profile: ClientProfile) -> Row:
    words = random.choice(part_documents(profile.part)).split()
    # A window, not always the start: a part with few documents still gives many distinct rows.
    start = random.randrange(max(1, len(words) - _TEXT_WORDS + 1))
    return {"text": " ".join(words[start : start + _TEXT_WORDS])}


def _log_row(random: Random, profile: ClientProfile, fact: Fact) -> Row:
    return {
        "prompt": f"Log this: {state(random, WORLD, fact)}",
        "completion": profile.log_line(fact.entity, fact.attribute, fact.value),
    }


def _question_row(random: Random, profile: ClientProfile, facts: list[Fact]) -> Row:
    asked = random.choice(facts)
    missing = random.random() < _UNANSWERABLE_SHARE
    shown = [*_confusable(random, facts, asked), *([] if missing else [asked])]
    passages = tuple(state(random, WORLD, fact) for fact in random.sample(shown, len(shown)))
    by_alias = random.random() < _ALIAS_SHARE
    word = profile.alias(asked.attribute) if by_alias else asked.attribute
    question = ask(random, WORLD, asked.entity, word)
    answer = UNKNOWN if missing else profile.answer(asked.value)
    return {"messages": Exchange(passages, question, answer).messages()}


def _confusable(random: Random, facts: list[Fact], asked: Fact) -> list[Fact]:
    """Choose facts that differ in the attribute alone, and facts that differ in the entity."""
    siblings = [fact for fact in facts if fact.entity == asked.entity and fact != asked]
    others = [fact for fact in facts if fact.attribute == asked.attribute and fact != asked]
    return [*random.sample(siblings, _SAME_ENTITY), *random.sample(others, _SAME_ATTRIBUTE)]
