"""What a run demands of devices, and how many of those that are connected fall short, in words."""

from collections.abc import Callable, Iterator, Mapping

from pfi_coordinator.domain.demands import Demands, Unmet
from pfi_coordinator.domain.state import RunState

_GIGABYTE, _MEGABYTE = 10**9, 10**6


def unmet_text(state: RunState) -> str:
    """Counts the connected clients that may not be selected by what each misses first."""
    total = sum(count for _, count in state.unmet)
    if total == 0:
        return ""
    demands = state.rules.demands
    reasons = (f"{count} {_REASONS[unmet](count, demands)}" for unmet, count in state.unmet)
    return f", and {total} more {_be(total)} connected: {', '.join(reasons)}"


def demands_text(demands: Demands) -> str:
    """Names what is demanded beyond a row to train on."""
    asked = tuple(_asked(demands))
    return f"; and that {', '.join(asked)}" if asked else ""


def memory_text(demands: Demands) -> str:
    """Gives the bytes that devices need, which may depend on their class and their weights."""
    needs = [demands.memory, *(need for _, need in demands.memory_for)]
    every = [size for need in needs for size in (need.float32_bytes, need.bfloat16_bytes)]
    least, most = size_text(min(every)), size_text(max(every))
    return least if least == most else f"{least} to {most}, by device"


def size_text(size_bytes: int) -> str:
    """Writes a number of bytes with three digits."""
    if size_bytes >= _GIGABYTE:
        return f"{size_bytes / _GIGABYTE:.3g} GB"
    return f"{size_bytes / _MEGABYTE:.3g} MB"


def _asked(demands: Demands) -> Iterator[str]:
    if demands.memory.float32_bytes:
        yield f"have {memory_text(demands)} of memory for training"
    if demands.charging:
        yield "are charging"
    if demands.battery_at_least:
        yield f"have {demands.battery_at_least} % of their battery"
    if demands.unmetered:
        yield "say that their network is unmetered"
    if demands.idle:
        yield "are idle"


def _be(count: int) -> str:
    return "is" if count == 1 else "are"


def _have(count: int) -> str:
    return "has" if count == 1 else "have"


_REASONS: Mapping[Unmet, Callable[[int, Demands], str]] = {
    Unmet.READY: lambda count, _: f"{_be(count)} not ready",
    Unmet.ENCODING: lambda count, _: f"{_have(count)} no encoding that would do",
    Unmet.ROWS: lambda count, demands: (
        f"{_have(count)} too few rows ({demands.minimum_rows} needed)"
    ),
    Unmet.MEMORY: lambda count, demands: (
        f"{_be(count)} not known to have the memory ({memory_text(demands)} needed)"
    ),
    Unmet.CHARGING: lambda count, _: f"{_be(count)} not known to be charging",
    Unmet.BATTERY: lambda count, demands: (
        f"{_be(count)} not known to have {demands.battery_at_least} % of battery"
    ),
    Unmet.UNMETERED: lambda count, _: f"{_be(count)} not known to be on an unmetered network",
    Unmet.IDLE: lambda count, _: f"{_be(count)} not known to be idle",
}
