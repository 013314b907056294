"""Puts together everything that is known of a specification before its submission."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pfi_cli.explain.combinations import CHOICES, combinations
from pfi_cli.explain.lines import line_plans
from pfi_cli.explain.messages import client_messages, round_plans
from pfi_cli.explain.origins import effective_values
from pfi_cli.explain.timings import timings
from pfi_common.spec import Description, Examination, RunSpec, run_facts
from pfi_common.spec.soundness import fixed_point_of


def explain_spec(
    examined: Examination,
    document: Mapping[str, Any],
    description: Description | None,
    why_undescribed: str,
) -> dict[str, Any]:
    """Explains a specification, in plain values.

    Args:
        examined: The specification and what is wrong with it.
        document: What was written.
        description: Of its backbone and adapter; None when there is none.
        why_undescribed: Why there is none, a sentence.

    Raises:
        SchemaMismatchError: The description is of another adapter.
    """
    spec = examined.spec
    explained: dict[str, Any] = {
        "name": document.get("name"),
        "refused": list(examined.problems),
        "combinations": _combinations(spec),
    }
    if spec is None:
        return explained
    explained |= {
        "values": [asdict(each) for each in effective_values(spec, document)],
        "timings": [asdict(each) for each in timings(spec)],
        "lines": [asdict(each) for each in line_plans(spec)],
        "merge": _merge(spec),
    }
    if examined.problems:
        return explained
    explained["client_messages"] = client_messages(spec)
    if description is None:
        return {**explained, "undescribed": why_undescribed}
    return {
        **explained,
        "round_plans": round_plans(spec, description),
        "facts": asdict(run_facts(spec, description)),
    }


def _combinations(spec: RunSpec | None) -> dict[str, Any]:
    return {
        "choices": [
            {"name": each.name, "chosen": spec is not None and each.chosen(spec)}
            for each in CHOICES
        ],
        "pairs": [asdict(each) for each in combinations()],
    }


def _merge(spec: RunSpec) -> dict[str, Any]:
    fixed_point = fixed_point_of(spec)
    return {
        "fraction_bits": fixed_point.fraction_bits,
        "resolution": fixed_point.resolution,
        "finest_needed": fixed_point.coordinate_limit * 2.0**-24,
        "coordinate_limit": fixed_point.coordinate_limit,
        "maximum_updates": fixed_point.maximum_updates,
        "maximum_weight": spec.aggregate.max_weight,
    }
