"""How much memory a run demands of a device."""

from __future__ import annotations

from dataclasses import dataclass

from pfi_common.spec.description import Description
from pfi_common.spec.memory import BFLOAT16_BYTES, FLOAT32_BYTES, estimate_described
from pfi_common.spec.run_spec import RunSpec


@dataclass(frozen=True, slots=True)
class MemoryNeed:
    """Bytes that a device needs, by the bytes of a weight on it; 0 demands nothing."""

    float32_bytes: int = 0
    bfloat16_bytes: int = 0

    def of(self, element_bytes: int | None) -> int:
        """Gives the bytes that a device needs; one that does not tell its weights has float32."""
        return self.bfloat16_bytes if element_bytes == BFLOAT16_BYTES else self.float32_bytes


def memory_need(spec: RunSpec, description: Description, device_class: str = "") -> MemoryNeed:
    """Gives what a run demands of devices of a class.

    Raises:
        SpecInvalidError: It demands the estimate, and the description does not tell the sizes.
    """
    demanded = spec.cohort.eligible.memory
    if demanded == "any":
        return MemoryNeed()
    if demanded == "estimate":
        return estimated_need(spec, description, device_class)
    return MemoryNeed(demanded, demanded)


def estimated_need(spec: RunSpec, description: Description, device_class: str = "") -> MemoryNeed:
    """Gives what devices of a class need by the stated estimate, demanded or not.

    Raises:
        SpecInvalidError: The description does not tell the sizes.
    """
    return MemoryNeed(
        *(
            estimate_described(spec, description, element_bytes, device_class).total_bytes
            for element_bytes in (FLOAT32_BYTES, BFLOAT16_BYTES)
        )
    )
