"""How much memory a run's training takes, in a sentence."""

from collections.abc import Mapping
from typing import Any

from pfi_cli.output.units import bytes_text


def memory_sentence(facts: Mapping[str, Any]) -> str:
    """States the estimate, and what is not known without it."""
    float32, bfloat16 = facts["memory_float32_bytes"], facts["memory_bfloat16_bytes"]
    if float32 is None or bfloat16 is None:
        return (
            "memory is not estimated: the description does not tell the backbone's sizes; "
            "`pfi-agent describe` of this version does"
        )
    return (
        f"training takes about {bytes_text(float32)} of memory on a client ({bytes_text(bfloat16)} "
        "with bfloat16), by the stated estimate"
    )
