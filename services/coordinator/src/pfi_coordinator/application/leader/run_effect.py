"""One effect of a run, from the outbox until it is acknowledged."""

import asyncio
import random
from dataclasses import replace

from pfi_common.clock import Clock
from pfi_common.errors import (
    InternalError,
    LeaderSupersededError,
    PlatformError,
    StoreUnavailableError,
)
from pfi_common.telemetry.events import Event as LogEvent
from pfi_common.telemetry.log import get_logger
from pfi_coordinator.application.apply_event import ApplyEvent
from pfi_coordinator.application.leader.backoff import Backoff
from pfi_coordinator.application.leader.delay_log import DelayLog
from pfi_coordinator.application.outbox.carry_out import CarryOut
from pfi_coordinator.application.ports.run_store import RunStore
from pfi_coordinator.application.records import RunDocument
from pfi_coordinator.domain.effects import Effect, effect_key
from pfi_coordinator.domain.events import EffectDelayed, EffectFailed
from pfi_coordinator.domain.lines import line_named
from pfi_coordinator.domain.outbox import is_wanted
from pfi_coordinator.domain.state import RunState


class RunEffect:
    """Carries an effect out, as often as it takes, while it is wanted."""

    def __init__(
        self,
        runs: RunStore,
        apply: ApplyEvent,
        carry_out: CarryOut,
        clock: Clock,
        randomness: random.Random,
    ) -> None:
        self._runs = runs
        self._apply = apply
        self._carry_out = carry_out
        self._clock = clock
        self._randomness = randomness

    async def __call__(self, document: RunDocument, effect: Effect, token: int) -> None:
        """Returns when the effect is acknowledged.

        Raises:
            LeaderSupersededError: A newer leader commands the aggregators.
        """
        backoff = Backoff(self._randomness)
        delays = DelayLog(document.run, effect.kind, self._clock, self._randomness)
        while True:
            attempt = self._attempt(document, effect, token)
            # Gathered, so that a failure which nobody foresaw is seen and noted like the others.
            (error,) = await asyncio.gather(attempt, return_exceptions=True)
            if error is None:
                delays.over()
                return
            if isinstance(error, LeaderSupersededError) or not isinstance(error, Exception):
                raise error
            if await self._failed(document.run, effect, error, delays):
                return
            await asyncio.sleep(backoff.delay_seconds())

    async def _attempt(self, document: RunDocument, effect: Effect, token: int) -> None:
        run, key = document.run, effect_key(effect)
        state = line_named((await self._runs.load(run)).state, effect.line)
        if state is None or not is_wanted(state, effect):
            await self._runs.acknowledge(run, key)
            await self._over(run, state, effect)
            return
        event = await self._carry_out(document, state, effect, token)
        if event is None:
            await self._runs.acknowledge(run, key)
        else:
            await self._apply(run, replace(event, line=effect.line), acknowledged=key)
        await self._over(run, state, effect)

    async def _over(self, run: str, state: RunState | None, effect: Effect) -> None:
        """Says that an effect which was in trouble is done with."""
        trouble = None if state is None else state.trouble
        if trouble is not None and trouble.effect == effect.kind:
            await self._apply(run, EffectDelayed(effect.kind, "", line=effect.line))

    async def _failed(self, run: str, effect: Effect, error: Exception, delays: DelayLog) -> bool:
        """Notes a failure, if the state can be written; True when the effect is given up.

        A store that does not answer need not be that of the state: artifacts have one as well.
        """
        try:
            return await self._note(run, effect, error, delays)
        except StoreUnavailableError:
            return False

    async def _note(self, run: str, effect: Effect, error: Exception, delays: DelayLog) -> bool:
        if not isinstance(error, PlatformError) or error.retryable:
            delays.failed(error)
            typed = error if isinstance(error, PlatformError) else InternalError()
            spool = typed.details.get("spool", "")
            delayed = EffectDelayed(effect.kind, typed.reason, spool, line=effect.line)
            await self._apply(run, delayed)
            return False
        get_logger().error(LogEvent.EFFECT_FAILED, run=run, effect=effect.kind, error=error)
        failed = EffectFailed(
            effect.kind,
            effect.number,
            effect.attempt,
            error.reason,
            error.message,
            line=effect.line,
        )
        await self._apply(run, failed, acknowledged=effect_key(effect))
        return True
