"""Every refusal names field path, rule and next step."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.common.spec.builders import document

from pfi_common.errors import SpecInvalidError
from pfi_common.spec import parse_run_spec


@pytest.mark.parametrize(
    ("changes", "path", "rule", "next_step"),
    [
        ({"name": "a b"}, "name", "pattern", "1 to 63 letters"),
        ({"name": 5}, "name", "valid string", "1 to 63 letters"),
        ({"backbone": {}}, "backbone.model", "missing", "Hub id or path"),
        ({"backbone": "x"}, "backbone", "must be fields", "frozen foundation model"),
        ({"preset": "fedsgd"}, "preset", "'fedavg', 'fedprox'", "explicit values win"),
        ({"cohort": {"size": 0}}, "cohort.size", "greater than or equal to 1, not 0", "for 4"),
        ({"cohort": {"sise": 4}}, "cohort.sise", "unknown", "Did you mean `size`?"),
        ({"cohort": {"deadline": 600}}, "cohort.deadline", "with a unit", "Leave it out for 10m"),
        ({"cohort": {"deadline": "40d"}}, "cohort.deadline", "from 1s to 30d, not '40d'", "10m"),
        (
            {"cohort": {"qqq": 4}},
            "cohort.qqq",
            "unknown",
            "Remove it; the fields here are absence",
        ),
        ({"local": {"learning_rate": "x"}}, "local.learning_rate", "valid number", "for 0.0002"),
        ({"local": {"learning_rate": 0}}, "local.learning_rate", "greater than 0", "AdamW"),
        ({"local": {"learning_rate": float("nan")}}, "local.learning_rate", "finite", "AdamW"),
        ({"local": {"steps": 1.5}}, "local.steps", "valid integer", "for 20"),
        ({"local": {"steps": True}}, "local.steps", "valid integer", "for 20"),
        ({"local": {"steps": "5"}}, "local.steps", "valid integer", "for 20"),
        ({"local": None}, "local", "must be fields", "Local optimisation"),
        ({"adapter": {"target_modules": []}}, "adapter.target_modules", "at least 1", "q_proj"),
        ({"adapter": {"target_modules": ["a", "a"]}}, "adapter.target_modules", "once", "q_proj"),
        ({"adapter": {"target_modules": "a"}}, "adapter.target_modules", "tuple", "q_proj"),
        ({"adapter": {"rang": 4}}, "adapter.rang", "unknown", "Did you mean `rank`?"),
        ({"server_optimizer": {"name": "lion"}}, "server_optimizer", "one of sgd, adam", "change"),
        ({"server_optimizer": {}}, "server_optimizer", "adam, yogi, adagrad by 'name'", "change"),
        (
            {"server_optimizer": {"name": "adam"}},
            "server_optimizer.learning_rate",
            "missing",
            "no default",
        ),
        (
            {"personalize": {"method": "dual_adapter", "rang": 4}},
            "personalize.rang",
            "unknown",
            "Did you mean `rank`?",
        ),
        ({"personalize": {"method": "none", "rank": 4}}, "personalize.rank", "unknown", "method"),
        ({"personalize": {"method": "ditto"}}, "personalize", "one of none, dual_adapter", "stays"),
        (
            {"cluster": {"method": "update_similarity", "count": 1}},
            "cluster.count",
            "must be auto or a whole number from 2 to 64, not 1",
            "Leave it out for auto",
        ),
        ({"cluster": {"count": 3}}, "cluster", "one of none, update_similarity", "groups"),
        ({"task": "regression"}, "task", "'causal-lm' or 'sequence-classification'", "trained for"),
        ({"classification": {}}, "classification.labels", "missing", "Labels as they stand"),
        (
            {"classification": {"labels": ["a"]}},
            "classification.labels",
            "at least 2",
            "in the order",
        ),
        (
            {"classification": {"labels": ["a", "a"]}},
            "classification.labels",
            "once",
            "in the order",
        ),
        (
            {"classification": {"labels": ["a", " "]}},
            "classification.labels",
            "white space",
            "in the order",
        ),
        ({"share": "both"}, "share", "unknown", "Remove it"),
        ({"privacy": {}}, "privacy", "unknown", "Remove it"),
        ({"evaluate": {"holdout": 1.0}}, "evaluate.holdout", "less than or equal to 0.9", "Share"),
        ({"seed": -1}, "seed", "greater than or equal to 0", "initial adapter"),
    ],
)
def test_refusals(changes: dict[str, Any], path: str, rule: str, next_step: str) -> None:
    with pytest.raises(SpecInvalidError) as caught:
        parse_run_spec(document(**changes))
    lines = caught.value.message.splitlines()
    assert lines[0] == "The run specification is invalid:"
    assert len(lines) == 2, lines
    assert lines[1].startswith(f"- {path}: ")
    assert rule in lines[1]
    assert next_step in lines[1]
    assert caught.value.details == {"fields": path}


def test_every_bad_field_is_named_at_once() -> None:
    with pytest.raises(SpecInvalidError) as caught:
        parse_run_spec(document(name="", local={"steps": 0, "step": 1}, cohort={"size": -4}))
    assert caught.value.details["fields"] == "name,local.steps,local.step,cohort.size"


def test_long_values_are_shown_in_part() -> None:
    with pytest.raises(SpecInvalidError) as caught:
        parse_run_spec(document(name="x" * 5000))
    assert len(caught.value.message) < 300


def test_names_that_are_no_words_are_refused() -> None:
    with pytest.raises(SpecInvalidError):
        parse_run_spec({**document(), 5: 6})  # type: ignore[dict-item]
