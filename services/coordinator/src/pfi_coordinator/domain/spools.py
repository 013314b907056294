"""Which spools hold the updates of a round, and whose update lies where.

Both are decided once, when the cohort is selected, and kept in the round's state, so that tickets,
receipts, restarts and another leader agree.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

from pfi_common.errors import SpoolUnavailableError
from pfi_coordinator.domain.events import ClientsEligible
from pfi_coordinator.domain.state import Failure, RoundPhase, RoundState, RunState

_DEALINGS = 64
"""How many dealings of a small cohort are compared."""

_SMALL_COHORT = 64
"""Above so many clients a spool any dealing is even enough."""

_WAITS_FOR_SPOOLS = {
    "open_round": RoundPhase.OPENING,
    "seal_round": RoundPhase.SEALING,
    "reduce_round": RoundPhase.REDUCING,
}
"""Effects that need every spool, before anything may be published."""


def on_spools(state: RunState, opening: RoundState, event: ClientsEligible) -> RoundState:
    """Deals the clients of a selected cohort to the spools that answer.

    The order of the spools, and with it which one finalizes, is drawn for each round. A rule that
    needs all updates in one place gets the first spool alone.
    """
    spools = _ordered(event.spools, f"{state.run}|{state.line}|{opening.number}")
    if state.rules.one_spool:
        spools = spools[:1]
    return replace(
        opening,
        spools=spools,
        dealing=_dealing(opening.cohort, spools),
        elsewhere=event.spools_known > 1,
    )


def spools_of(spools: tuple[str, ...], home: str) -> tuple[str, ...]:
    """Gives the spools of an attempt; one without any lies on the spool of its run."""
    return spools or (home,)


def spool_of(spools: tuple[str, ...], dealing: int, client: str) -> str:
    """Gives the spool that takes a client's update.

    Args:
        spools: Those of the attempt, at least one.
        dealing: Of the attempt.
        client: Client id.
    """
    digest = sha256(f"{dealing}|{client}".encode()).digest()
    return spools[int.from_bytes(digest[:8], "big") % len(spools)]


def spool_in(state: RunState, number: int, attempt: int, client: str) -> str | None:
    """Gives the spool that took a client's update; None when the state does not tell."""
    for item in (state.round, state.last_round, *state.settling):
        if item is not None and (item.number, item.attempt) == (number, attempt) and item.spools:
            return spool_of(item.spools, item.dealing, client)
    return None


def given_up_at(state: RunState) -> datetime | None:
    """When an attempt is given up because a spool does not answer; None while all do.

    Not while it is finalized: the spool that was told to may have published the version.
    """
    current, trouble = state.round, state.trouble
    if current is None or trouble is None or not current.elsewhere:
        return None
    if trouble.reason != SpoolUnavailableError.reason:
        return None
    if _WAITS_FOR_SPOOLS.get(trouble.effect) is not current.phase:
        return None
    return trouble.since + timedelta(seconds=state.rules.spool_patience_seconds)


def spool_missing(state: RunState) -> Failure:
    """Says which spool did not come back."""
    current, trouble = state.round, state.trouble
    where = "" if current is None else f"round {current.number}, attempt {current.attempt}: "
    spool = "a spool" if trouble is None or not trouble.spool else trouble.spool
    return Failure(
        SpoolUnavailableError.reason,
        f"{where}{spool} did not answer for {state.rules.spool_patience_seconds:g} s",
    )


def _ordered(spools: Iterable[str], name: str) -> tuple[str, ...]:
    return tuple(sorted(spools, key=lambda spool: sha256(f"{name}|{spool}".encode()).digest()))


def _dealing(cohort: Collection[str], spools: tuple[str, ...]) -> int:
    """Gives the number of the dealing that is most even."""
    if len(spools) < 2 or len(cohort) > _SMALL_COHORT * len(spools):  # noqa: PLR2004
        return 0
    return min(range(_DEALINGS), key=lambda dealing: (_most(cohort, spools, dealing), dealing))


def _most(cohort: Iterable[str], spools: tuple[str, ...], dealing: int) -> int:
    counts = dict.fromkeys(spools, 0)
    for client in cohort:
        counts[spool_of(spools, dealing, client)] += 1
    return max(counts.values())
