"""Everything that is wrong with a document at once, where a parser stops at the first kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from pfi_common.spec.document_problems import document_problems
from pfi_common.spec.refusals import refusal
from pfi_common.spec.run_spec import RunSpec
from pfi_common.spec.soundness import spec_problems

_BULLET = "\n- "


@dataclass(frozen=True)
class Examination:
    """What a document is as a run specification.

    Attributes:
        spec: The specification; None when a field is bad, so that there is none. One with problems
            is not to be run.
        problems: Why it is refused, one sentence or two each; empty for a sound one.
    """

    spec: RunSpec | None
    problems: tuple[str, ...]


def examine_run_spec(document: Mapping[str, Any]) -> Examination:
    """Finds every reason for which a document is refused; `parse_run_spec` raises some of them.

    A bad field does not hide what the others are refused for: they are looked at without it.
    """
    found = list(document_problems(document.get("server_optimizer")))
    try:
        spec = RunSpec.model_validate(dict(document))
    except ValidationError as error:
        refused = refusal(RunSpec, error, "run specification")
        named = [line for line in refused.message.split(_BULLET)[1:] if not _told(line, found)]
        rest = _without(document, str(refused.details["fields"]).split(","))
        return Examination(None, (*found, *named, *_problems_of(rest)))
    return Examination(spec, (*found, *spec_problems(spec)))


def _told(line: str, found: Iterable[str]) -> bool:
    """Whether a field that is only unknown there was refused with the reason already."""
    field = line.partition(":")[0]
    return any(problem.startswith(f"{field} ") for problem in found)


def _problems_of(document: Mapping[str, Any]) -> Iterator[str]:
    try:
        yield from spec_problems(RunSpec.model_validate(dict(document)))
    except ValidationError:
        return


def _without(document: Mapping[str, Any], fields: Iterable[str]) -> dict[str, Any]:
    """Gives the document without these fields, written `part.field`."""
    rest = {
        name: dict(value) if isinstance(value, Mapping) else value
        for name, value in document.items()
    }
    for field in fields:
        part, _, name = field.partition(".")
        owner = rest.get(part)
        if name and isinstance(owner, dict):
            owner.pop(name.partition(".")[0], None)
        else:
            rest.pop(part, None)
    return rest
