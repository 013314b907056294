"""From a specification to what its run demands of devices."""

from dataclasses import replace

from pfi_common.spec import Description, RunSpec, memory_need
from pfi_coordinator.domain.demands import Demands


def demands_of(spec: RunSpec, description: Description) -> Demands:
    """Gives what a run demands of devices.

    Raises:
        SpecInvalidError: It demands the estimate of memory, and the description lacks the sizes.
    """
    return replace(
        demands_but_memory(spec),
        memory=memory_need(spec, description),
        memory_for=tuple(
            (name, memory_need(spec, description, name)) for name in sorted(spec.adapter.rank_for)
        ),
    )


def demands_but_memory(spec: RunSpec) -> Demands:
    """Gives what a run demands of devices beside memory, which takes a description to know."""
    eligible = spec.cohort.eligible
    return Demands(
        minimum_rows=eligible.minimum_rows,
        battery_at_least=eligible.battery_at_least,
        charging=eligible.charging,
        unmetered=eligible.unmetered,
        idle=eligible.idle,
    )
