"""Shows the connected clients to the lines of a run that can use some."""

from collections.abc import Collection, Sequence

from pfi_common.errors import SpoolUnavailableError
from pfi_coordinator.application.leader.absences import Absences
from pfi_coordinator.application.leader.driving_tools import DrivingTools
from pfi_coordinator.domain.cohort import needs_clients, would_open
from pfi_coordinator.domain.collecting import keeps_cohort, needs_replacements
from pfi_coordinator.domain.demands import counts_of
from pfi_coordinator.domain.eligibility import Eligibility
from pfi_coordinator.domain.events import ClientsEligible, EffectDelayed, Event
from pfi_coordinator.domain.facts import ClientFacts
from pfi_coordinator.domain.lines import every_line, selectable
from pfi_coordinator.domain.placing import newcomers, wants_newcomers
from pfi_coordinator.domain.selection import compared
from pfi_coordinator.domain.state import RunState

_LOOK_SECONDS = 1.0
"""How often clients are looked for while the lines of clusters, or an open round, are at work."""

Need = tuple[str, int, int, int, int, bool]


class OfferClients:
    """Looks at the clients when that is worth its while."""

    def __init__(self, tools: DrivingTools, run: str) -> None:
        self._tools = tools
        self._run = run
        self._absences = Absences(tools.clock)
        self._look_at = 0.0
        self._shown: frozenset[Need] = frozenset()

    async def __call__(self, state: RunState) -> bool:
        """Offers clients to lines that wait, or miss some, and new ones to the run.

        Returns:
            Whether the state has changed.
        """
        lines = every_line(state)
        needing = [line for line in lines if needs_clients(line) or needs_replacements(line)]
        if not self._is_time_to_look(state, needing):
            return False
        found = await self._tools.find_eligible(state.rules)
        self._absences.looked(lines, {*found.clients, *found.unmet})
        events = [await self._offer(line, found) for line in lines if self._is_short(line)]
        if wants_newcomers(state):
            events.append(ClientsEligible(newcomers(state, found.clients)))
        after = state
        for event in events:
            after = await self._tools.apply(self._run, event)
        return after != state

    def _is_short(self, line: RunState) -> bool:
        """Whether a line can use clients, now that absent ones are known."""
        if needs_clients(line) or needs_replacements(line):
            return True
        current = line.round
        if current is None or not keeps_cohort(line):
            return False
        present = len(current.open - self._absences.lasting(line))
        return len(current.committed) + present < line.rules.size

    async def _offer(self, line: RunState, found: Eligibility) -> Event:
        """Offers clients and, when they are enough, spools; without a spool no round is opened."""
        if not needs_clients(line):
            return await self._substitutes(line, found)
        offered = selectable(line, found.clients)
        unmet = counts_of(found.unmet[client] for client in selectable(line, found.unmet))
        configured = self._tools.find_spools.configured
        if not would_open(line, offered, self._tools.clock.now()):
            return ClientsEligible(offered, (), len(configured), unmet, line=line.line)
        spools = await self._tools.find_spools()
        if not spools:
            error, names = SpoolUnavailableError.reason, ", ".join(configured)
            return EffectDelayed("find_spools", error, names, line=line.line)
        offered, facts = await self._with_facts(line, offered)
        return ClientsEligible(offered, spools, len(configured), unmet, facts, line=line.line)

    async def _substitutes(self, line: RunState, found: Eligibility) -> ClientsEligible:
        """Offers clients that have no task in the open round.

        No spool is asked for them: should the next attempt wait by now, this opens it nowhere.
        """
        current = line.round
        selected = frozenset[str]() if current is None else current.cohort
        others = [client for client in selectable(line, found.clients) if client not in selected]
        offered, facts = await self._with_facts(line, others)
        absent = tuple(sorted(self._absences.lasting(line)))
        known = len(self._tools.find_spools.configured)
        return ClientsEligible(
            offered, spools_known=known, facts=facts, absent=absent, line=line.line
        )

    async def _with_facts(
        self, line: RunState, clients: Collection[str]
    ) -> tuple[tuple[str, ...], tuple[ClientFacts, ...]]:
        """Adds what the policy of the run asks for; of very many clients it compares a part."""
        rules, current = line.rules, line.round
        if current is None or not rules.selection.needs_history:
            return tuple(clients), ()
        count, number = rules.selected_count, current.number
        offered = compared(clients, count, seed=rules.seed, number=number)
        return offered, await self._tools.histories.find(self._run, offered)

    def _is_time_to_look(self, state: RunState, needing: Sequence[RunState]) -> bool:
        """Whether a look at all clients, which costs as much as there are, is worth its while.

        A run of one line that waits has nothing else to do. Otherwise some lines keep the driver
        busy while others wait, or miss clients: then it is time once a second, and at once for a
        wait, a loss or a member that is new. An open round is looked at for clients that went away.
        """
        now = self._tools.clock.monotonic()
        if not needing and not wants_newcomers(state):
            return self._absences.due(every_line(state))
        needs = frozenset(map(_need, needing))
        busy = state.lines or not any(map(needs_clients, needing))
        if busy and now < self._look_at and needs <= self._shown:
            return False
        self._look_at, self._shown = now + _LOOK_SECONDS, needs
        return True


def _need(line: RunState) -> Need:
    current = line.round
    if current is None:
        return (line.line, 0, 0, len(line.members), 0, False)
    left = len(current.committed) + len(current.open)
    return (
        line.line,
        current.number,
        current.attempt,
        len(line.members),
        left,
        bool(current.open),
    )
