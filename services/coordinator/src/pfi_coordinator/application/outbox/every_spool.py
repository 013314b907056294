"""The same command to every spool of an attempt."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from pfi_common.errors import (
    LeaderSupersededError,
    PlatformError,
    ServiceUnavailableError,
    SpoolUnavailableError,
)
from pfi_coordinator.application.ports.aggregators import Attempt
from pfi_coordinator.domain.state import RoundState

R = TypeVar("R")


def attempts_of(run: str, home: str, current: RoundState) -> tuple[Attempt, ...]:
    """Gives an attempt on each of its spools, the one that finalizes first.

    Args:
        run: Run id.
        home: Spool of the run, where a round lies whose state names none.
        current: The attempt.
    """
    spools = current.spools or (home,)
    number, tried, line = current.number, current.attempt, current.line
    return tuple(Attempt(run, spool, number, tried, line) for spool in spools)


async def of_spool(attempt: Attempt, command: Callable[[Attempt], Awaitable[R]]) -> R:
    """Sends a command to one spool, and gives the answer.

    Raises:
        SpoolUnavailableError: There is none; its details name the spool.
    """
    try:
        return await command(attempt)
    except ServiceUnavailableError as error:
        raise missing([attempt.spool]) from error


async def every_spool(
    attempts: Iterable[Attempt], command: Callable[[Attempt], Awaitable[R]]
) -> list[R]:
    """Sends a command to all spools at once, and gives the answers in their order.

    Raises:
        SpoolUnavailableError: Some do not answer, and none refuses.
        PlatformError: What a spool refuses with.
    """
    asked = list(attempts)
    answers = await asyncio.gather(
        *(of_spool(item, command) for item in asked), return_exceptions=True
    )
    failures = [answer for answer in answers if isinstance(answer, BaseException)]
    if not failures:
        return [answer for answer in answers if not isinstance(answer, BaseException)]
    away = [
        item.spool
        for item, answer in zip(asked, answers, strict=True)
        if isinstance(answer, SpoolUnavailableError)
    ]
    raise missing(away) if len(away) == len(failures) else min(failures, key=_urgency)


def missing(spools: Iterable[str]) -> SpoolUnavailableError:
    """Makes the error for spools that do not answer."""
    names = ", ".join(spools)
    return SpoolUnavailableError(f"no answer from the aggregator of {names}", spool=names)


def _urgency(error: BaseException) -> int:
    """Puts first what ends the leader's term, then what can never succeed."""
    if isinstance(error, LeaderSupersededError) or not isinstance(error, Exception):
        return 0
    return 2 if isinstance(error, PlatformError) and error.retryable else 1
