"""The aggregators, as the leader commands them."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from pfi_coordinator.application.records import RunDocument
from pfi_coordinator.domain.state import GLOBAL, AdapterVersion


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a line's round, on one of its spools."""

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
        minimum: Fewest updates to publish, from all spools together.
        spools: All spools of the round, the one that finalizes first.
    """

    base: AdapterVersion
    minimum: int
    spools: tuple[str, ...] = ()


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
class SealedSpool:
    """What is fixed of one spool.

    Attributes:
        counted: Its counted updates; `capped` is unknown here and false.
        pieces: Pieces that workers have to reduce before the round can be finalized.
    """

    counted: tuple[Counted, ...]
    pieces: int = 0


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a version is to be made of.

    Attributes:
        base_digest: Digest of the version before.
        counted: Clients of the counted updates.
        foreign: Those of them whose updates lie on other spools than the one that finalizes, with
            the spool of each.
    """

    base_digest: str
    counted: frozenset[str]
    foreign: frozenset[tuple[str, str]] = frozenset()


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

    async def seal_round(self, token: int, attempt: Attempt) -> SealedSpool:
        """Fixes and gives the counted set of a spool."""
        ...

    async def fold_round(self, token: int, attempt: Attempt) -> bytes:
        """Has the counted updates of a spool summed, and gives its signed statement."""
        ...

    async def finalize_round(
        self,
        token: int,
        attempt: Attempt,
        document: RunDocument,
        sealed: Sealed,
        partials: Sequence[bytes] = (),
    ) -> Publication:
        """Has the counted updates merged and published.

        Args:
            token: Fencing token.
            attempt: Which, on the spool that finalizes.
            document: The run.
            sealed: What the version has to be made of.
            partials: What `fold_round` gave of every other spool.
        """
        ...

    async def abort_round(self, token: int, attempt: Attempt) -> None:
        """Voids an attempt."""
        ...

    async def settle_round(self, token: int, attempt: Attempt) -> None:
        """Deletes an attempt's updates."""
        ...
