"""How many processes of a kind a local federation has."""

from dataclasses import dataclass

MOST = 16
"""More of a kind would not gain on one machine."""


@dataclass(frozen=True)
class Scale:
    """Numbers of processes; the rest of a federation is there once.

    Attributes:
        aggregators: Each owns a spool.
        workers: Each reads every spool.
        coordinators: Replicas; one of them leads.
    """

    aggregators: int = 1
    workers: int = 1
    coordinators: int = 1

    @property
    def spools(self) -> dict[str, str]:
        """Name of each aggregator, by its spool."""
        return {
            f"spool-{number}": _numbered("aggregator", number) for number in range(self.aggregators)
        }

    @property
    def worker_names(self) -> list[str]:
        """Name of each worker."""
        return [_numbered("worker", number) for number in range(self.workers)]

    @property
    def coordinator_names(self) -> list[str]:
        """Name of each replica of the coordinator."""
        return [_numbered("coordinator", number) for number in range(self.coordinators)]


def aggregator_of(spool: str) -> str:
    """Names the aggregator that owns a spool, one that is not of the federation any more included.

    A folder that only looks like a spool keeps its own name.
    """
    number = spool.removeprefix("spool-")
    return _numbered("aggregator", int(number)) if number.isdigit() else spool


ALONE = Scale()
"""One of each."""


def _numbered(name: str, number: int) -> str:
    """The first of a kind has the name that it has alone."""
    return name if number == 0 else f"{name}-{number}"
