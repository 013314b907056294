"""The aggregators, as the leader commands them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from pfi_coordinator.application.records import RunDocument
from pfi_coordinator.domain.state import GLOBAL, AdapterVersion


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a line's round, on the spool of its run."""

    run: str
    spool: str
    number: int
    attempt: int
    line: str = GLOBAL


@dataclass(frozen=True, slots=True)
class Opening:
    """What a round starts from.

    Attributes:
        base: The version before, of the same line.
        minimum: Fewest updates to publish.
    """

    base: AdapterVersion
    minimum: int


@dataclass(frozen=True, slots=True)
class Counted:
    """An update that the aggregator holds.

    Attributes:
        client: Whose it is.
        payload_bytes: Size of its payload.
        clipped: Whether it was scaled down.
        capped: Whether its weight was.
        sketch: What similarity to other updates is told by; empty but for a sealed probe round.
    """

    client: str
    payload_bytes: int
    clipped: bool
    capped: bool
    sketch: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a version is to be made of.

    Attributes:
        base_digest: Digest of the version before.
        counted: Clients of the counted updates.
    """

    base_digest: str
    counted: frozenset[str]


@dataclass(frozen=True, slots=True)
class Publication:
    """A version that the aggregator has published, with its verified lineage.

    Attributes:
        adapter: The version.
        lineage: The aggregator's signed statement, serialised.
        countersignature: The coordinator's statement over the same lineage, serialised.
        merge_seconds: Wall time of the merge; 0 for version 0.
    """

    adapter: AdapterVersion
    lineage: bytes
    countersignature: bytes
    merge_seconds: float


class Aggregators(Protocol):
    """Commands by spool. Each may be repeated.

    Every method raises the aggregator's typed errors, ServiceUnavailableError when it does not
    answer, LeaderSupersededError when the token is not the newest, and SignatureInvalidError when
    a lineage does not verify or speaks of something else.
    """

    @property
    def addresses(self) -> dict[str, str]:
        """host:port by spool."""
        ...

    async def highest_token(self, spool: str) -> int:
        """Gives the highest fencing token that the aggregator has seen."""
        ...

    async def create_initial(self, token: int, document: RunDocument) -> Publication:
        """Has version 0 made."""
        ...

    async def open_round(
        self, token: int, attempt: Attempt, document: RunDocument, opening: Opening
    ) -> None:
        """Lets it take uploads."""
        ...

    def watch_round(self, attempt: Attempt) -> AsyncIterator[Counted]:
        """Gives committed updates as they come; ends when the attempt is sealed or aborted."""
        ...

    async def seal_round(self, token: int, attempt: Attempt) -> list[Counted]:
        """Fixes and gives the counted set; `capped` is unknown here and false."""
        ...

    async def finalize_round(
        self, token: int, attempt: Attempt, document: RunDocument, sealed: Sealed
    ) -> Publication:
        """Has the counted updates merged and published."""
        ...

    async def abort_round(self, token: int, attempt: Attempt) -> None:
        """Voids an attempt."""
        ...

    async def settle_round(self, token: int, attempt: Attempt) -> None:
        """Deletes an attempt's updates."""
        ...
