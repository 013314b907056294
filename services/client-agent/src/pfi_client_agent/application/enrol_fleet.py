"""Enrols the clients of a fleet that have no identity yet, under the coordinator's rate limit."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from pfi_client_agent.adapters.fleet_folder import FleetFolder
from pfi_client_agent.application.enrol import enrol, existing_identity
from pfi_client_agent.application.fleet_members import FleetMember
from pfi_client_agent.application.fleet_pace import Pace
from pfi_client_agent.application.retrying import Retrying
from pfi_client_agent.domain.fleet_tokens import TokenLedger
from pfi_common.clock import Clock
from pfi_common.errors import (
    PlatformError,
    TokenExpiredError,
    TokenInvalidError,
    TokenUsedError,
)

_PER_SECOND = 15.0
"""Below the 20 calls a second that a coordinator refills for one address."""

_AT_ONCE = 4
_PATIENCE = timedelta(seconds=60)
_REFUSED_TOKEN = (TokenExpiredError, TokenInvalidError, TokenUsedError)


@dataclass(frozen=True)
class EnrolFleet:
    """Enrols what is not enrolled yet; interrupted at any point, it can be run again.

    Attributes:
        folder: Remembers which token is whose.
        clock: The time.
        enrolled: Is told of every client that has an identity.
        failed: Is told of every client whose enrolment was refused.
    """

    folder: FleetFolder
    clock: Clock
    enrolled: Callable[[FleetMember], None]
    failed: Callable[[FleetMember, PlatformError], None]

    async def __call__(self, members: Sequence[FleetMember], tokens: Sequence[str]) -> None:
        """Enrol members; each ends up told as enrolled or failed.

        Args:
            members: Clients of the fleet.
            tokens: Join tokens; those that are given out already do no harm.

        Raises:
            TokenInvalidError: There are too few tokens.
            ServiceUnavailableError: The coordinator is away for a minute.
        """
        waiting = []
        for member in members:
            if existing_identity(member.folder) is None:
                waiting.append(member)
            else:
                self.enrolled(member)
        if waiting:
            ledger = self.folder.load_tokens()
            ledger.give([member.number for member in waiting], tokens)
            # Kept before the first one is used: after a crash each client comes back with its own.
            self.folder.save_tokens(ledger)
            await self._enrol_all(waiting, ledger)

    async def _enrol_all(self, members: Sequence[FleetMember], ledger: TokenLedger) -> None:
        pace = Pace(_PER_SECOND)
        left = iter(members)

        async def enrol_some() -> None:
            for member in left:
                await self._enrol_one(member, ledger, pace)

        running = [asyncio.create_task(enrol_some()) for _ in range(_AT_ONCE)]
        try:
            await asyncio.gather(*running)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _enrol_one(self, member: FleetMember, ledger: TokenLedger, pace: Pace) -> None:
        token = ledger.given[member.number]

        async def attempt() -> None:
            await pace.turn()
            await enrol(member.folder, token, member.name, self.clock)

        try:
            await self._retrying().run(attempt)
        except PlatformError as error:
            if error.retryable:
                raise
            if isinstance(error, _REFUSED_TOKEN):
                ledger.refuse(member.number)
                self.folder.save_tokens(ledger)
            self.failed(member, error)
        else:
            self.enrolled(member)

    def _retrying(self) -> Retrying:
        return Retrying(
            self.clock, self.clock.now() + _PATIENCE, failed=lambda _error, _delay: None
        )
