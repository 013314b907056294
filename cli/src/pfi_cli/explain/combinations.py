"""Which parts of a specification go together: found by trying each pair, not from a list."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pfi_common.spec import (
    DualAdapter,
    RunSpec,
    ServerAdagrad,
    ServerAdam,
    ServerYogi,
    UpdateSimilarity,
    examine_run_spec,
)


@dataclass(frozen=True)
class Choice:
    """A variant of a part.

    Attributes:
        name: For people.
        part: What it is a variant of; two variants of one part exclude each other.
        document: What chooses it.
        chosen: Whether a specification has it.
    """

    name: str
    part: str
    document: Mapping[str, Any]
    chosen: Callable[[RunSpec], bool]


def _head(where: str) -> Callable[[RunSpec], bool]:
    return lambda spec: spec.classification is not None and spec.classification.head == where


def _labels(where: str) -> dict[str, Any]:
    return {
        "task": "sequence-classification",
        "classification": {"labels": ["a", "b"], "head": where},
    }


_RULES: Mapping[str, Mapping[str, Any]] = {
    "median": {},
    "trimmed_mean": {"trimmed_share": 0.2},
    "krum": {"attackers": 1},
    "multi_krum": {"attackers": 1},
}


def _rule(name: str, fields: Mapping[str, Any]) -> Choice:
    document = {"aggregate": {"rule": name, **fields}}
    return Choice(f"rule {name}", "rule", document, lambda spec: spec.aggregate.rule == name)


CHOICES: Sequence[Choice] = (
    Choice("task causal-lm", "task", {"task": "causal-lm"}, lambda spec: spec.task == "causal-lm"),
    Choice("classification, head shared", "task", _labels("shared"), _head("shared")),
    Choice("classification, head personal", "task", _labels("personal"), _head("personal")),
    Choice(
        "personalize none",
        "personalize",
        {"personalize": {"method": "none"}},
        lambda spec: not isinstance(spec.personalize, DualAdapter),
    ),
    Choice(
        "personalize dual_adapter",
        "personalize",
        {"personalize": {"method": "dual_adapter"}},
        lambda spec: isinstance(spec.personalize, DualAdapter),
    ),
    Choice(
        "cluster update_similarity",
        "cluster",
        {"cluster": {"method": "update_similarity"}},
        lambda spec: isinstance(spec.cluster, UpdateSimilarity),
    ),
    Choice(
        "server sgd with momentum",
        "server_optimizer",
        {"server_optimizer": {"name": "sgd", "momentum": 0.9}},
        lambda spec: getattr(spec.server_optimizer, "momentum", 0.0) > 0,
    ),
    Choice(
        "server adam",
        "server_optimizer",
        {"server_optimizer": {"name": "adam", "learning_rate": 0.01}},
        lambda spec: isinstance(spec.server_optimizer, ServerAdam),
    ),
    Choice(
        "server yogi",
        "server_optimizer",
        {"server_optimizer": {"name": "yogi", "learning_rate": 0.01}},
        lambda spec: isinstance(spec.server_optimizer, ServerYogi),
    ),
    Choice(
        "server adagrad",
        "server_optimizer",
        {"server_optimizer": {"name": "adagrad", "learning_rate": 0.01}},
        lambda spec: isinstance(spec.server_optimizer, ServerAdagrad),
    ),
    Choice(
        "proximal term",
        "proximal",
        {"preset": "fedprox"},
        lambda spec: spec.local.proximal_mu > 0,
    ),
    Choice(
        "clip_norm",
        "clip",
        {"aggregate": {"clip_norm": 10.0}},
        lambda spec: spec.aggregate.clip_norm is not None,
    ),
    *(_rule(name, fields) for name, fields in _RULES.items()),
    Choice(
        "product svd",
        "product",
        {"aggregate": {"product": "svd"}},
        lambda spec: spec.aggregate.product == "svd",
    ),
    Choice(
        "product stack",
        "product",
        {"aggregate": {"product": "stack", "maximum_rank": 32}},
        lambda spec: spec.aggregate.product == "stack",
    ),
    Choice(
        "ranks by device class",
        "ranks",
        {"adapter": {"rank_for": {"phone": 4}}},
        lambda spec: bool(spec.adapter.rank_for),
    ),
    Choice(
        "upload int8_block",
        "upload",
        {"encoding": {"upload": "int8_block"}},
        lambda spec: spec.encoding.upload == "int8_block",
    ),
    Choice(
        "upload int4_block, feedback",
        "upload",
        {"encoding": {"upload": "int4_block"}},
        lambda spec: spec.encoding.upload == "int4_block" and bool(spec.encoding.error_feedback),
    ),
    Choice(
        "upload int4_block, none",
        "upload",
        {"encoding": {"upload": "int4_block", "error_feedback": False}},
        lambda spec: spec.encoding.upload == "int4_block" and not spec.encoding.error_feedback,
    ),
    Choice(
        "over-selection",
        "over_select",
        {"cohort": {"size": 8, "over_select": 1.5}},
        lambda spec: spec.cohort.over_select > 1,
    ),
)

_PLAIN: Mapping[str, Any] = {
    "name": "combinations",
    "backbone": {"model": "any"},
    "cohort": {"size": 8},
    "stop": {"rounds": 5},
}


@dataclass(frozen=True, slots=True)
class Pair:
    """Two choices together.

    Attributes:
        first: Name of one.
        second: Name of the other.
        outcome: `yes`, `no`, or `either` for two variants of one part.
        reason: Why not; empty otherwise.
    """

    first: str
    second: str
    outcome: str
    reason: str = ""


def combinations() -> list[Pair]:
    """Tries every pair of choices on a plain specification."""
    return [
        _try(first, second)
        for index, first in enumerate(CHOICES)
        for second in CHOICES[index + 1 :]
    ]


def _try(first: Choice, second: Choice) -> Pair:
    if first.part == second.part:
        return Pair(first.name, second.name, "either")
    # A choice that needs another part is tried with what it needs, unless the other one is it.
    document: Mapping[str, Any] = _PLAIN
    for part in (_needs(first, second), first.document, second.document):
        document = _with(document, part)
    problems = examine_run_spec(document).problems
    if problems:
        return Pair(first.name, second.name, "no", problems[0])
    return Pair(first.name, second.name, "yes")


def _with(document: Mapping[str, Any], more: Mapping[str, Any]) -> Mapping[str, Any]:
    """Adds fields; of a part that both have, its fields."""
    parts = {
        name: {**document[name], **value} if isinstance(value, Mapping) else value
        for name, value in more.items()
        if name in document
    }
    return {**document, **more, **parts}


def _needs(*choices: Choice) -> Mapping[str, Any]:
    """A personal head is kept with the personal adapter."""
    personal = any(choice.name == "classification, head personal" for choice in choices)
    return {"personalize": {"method": "dual_adapter"}} if personal else {}
