"""A run, several leaders of which at most one is not stale, and everything outside."""

from dataclasses import replace
from datetime import timedelta

from tests.unit.coordinator.domain.builders import START, cluster_rules, run
from tests.unit.coordinator.engine.clients import Clients
from tests.unit.coordinator.engine.hands import HANDS, HOME
from tests.unit.coordinator.engine.leader import Leader
from tests.unit.coordinator.engine.outside import (
    Aggregator,
    Artifacts,
    AwayError,
    Board,
    RefusedError,
)
from tests.unit.coordinator.engine.stored import Store

from pfi_coordinator.adapters.redis.codec import EVENT
from pfi_coordinator.application.records import Step
from pfi_coordinator.domain import events
from pfi_coordinator.domain.machine import decide
from pfi_coordinator.domain.selection_rules import SelectionRules
from pfi_coordinator.domain.timing import next_deadline

CLIENTS = tuple(f"c-{index:012x}" for index in range(1, 7))
SPOOLS = (HOME, "spool-1", "spool-2")
_ORDERS = (
    events.ClientsEligible,
    events.ClientsRevoked,
    events.EffectDelayed,
    events.EffectFailed,
    events.CancelRequested,
    events.PauseRequested,
    events.ResumeRequested,
    events.ExtendRequested,
    events.Tick,
)
"""What is said of the present; all others are results, and late ones change nothing."""

PAUSE_SECONDS = 5.0
LONGEST_WORK = 12
"""No generator takes so many steps without a consequence that is stored."""


class EngineWorld:
    """Everything, in memory; `advance` lets it all go on in turn."""

    def __init__(self, *, spread=False, clustered=False, replacing=False, rounds=2) -> None:
        first = run(
            rounds=rounds,
            selected_count=4,
            size=3,
            minimum=2,
            cluster=cluster_rules(probe_round=1) if clustered else None,
            retry_first_seconds=PAUSE_SECONDS,
            selection=SelectionRules(replace=replacing),
        )
        self.now = START
        self.store = Store(first)
        self.artifacts = Artifacts()
        names = SPOOLS if spread else (HOME,)
        self.aggregators = {name: Aggregator(name, self.artifacts) for name in names}
        self.board = Board()
        self.pieces_of_a_round = 2 if spread else 0
        self.revoked: set[str] = set()
        self.offline: set[str] = set()
        self.workers_away = False
        self.refused: set[str] = set()
        self.clients = Clients(self)
        self.leaders: list[Leader] = []
        self.seen: set[type] = set()
        self._token = 0
        self.elect()

    def elect(self) -> None:
        """Another leader, with a higher token; nobody tells the ones before."""
        self._token += 1
        self.leaders.append(Leader(self, self._token))

    def connected(self) -> tuple[str, ...]:
        gone = self.revoked | self.offline
        return tuple(client for client in CLIENTS if client not in gone)

    def ask_workers(self) -> None:
        if self.workers_away:
            raise AwayError("REDUCTION_INCOMPLETE")

    def apply(self, event, acknowledged=None, line=None):
        """ApplyEvent: decides and writes, again and again until nobody comes in between."""
        event = event if line is None else replace(event, line=line)
        self.seen.add(type(event))
        while True:
            before, revision = self.store.state, self.store.revision
            yield
            now = self.now
            after, effects = decide(before, event, now)
            if after == before and not effects:
                self.store.acknowledge(acknowledged or "")
                return
            yield
            if self.store.save(revision, Step(before, event, now, after, effects, acknowledged)):
                yield
                return

    def carry_out(self, token, state, effect):
        self.seen.add(type(effect))
        if effect.kind in self.refused:
            self.refused.discard(effect.kind)
            yield
            raise RefusedError("ARTIFACT_CORRUPT")
        return (yield from HANDS[type(effect)](self, token, state, effect))

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def advance(self, steps: int, *, clients_work: bool = True) -> None:
        """Everybody goes on in turn; time passes only while nothing else happens."""
        idle = 0
        for _ in range(steps):
            if self.at_rest or idle > 3 * LONGEST_WORK:
                return
            idle = 0 if self._anything_happens(clients_work=clients_work) else idle + 1
            if idle > LONGEST_WORK:
                # A line that waits for its cohort beyond its patience names a time that has passed.
                due = next_deadline(self.store.state) or self.now
                self.now = max(due, self.now + timedelta(minutes=1))

    def forget_deposed(self) -> None:
        """A leader that met a newer one's token steps down; there is always one at work."""
        self.leaders = [leader for leader in self.leaders if not leader.deposed]
        if not self.leaders:
            self.elect()

    def revoke(self, client: str) -> None:
        """RevokeClient: the list first, then every run, then the client's inbox."""
        self.revoked.add(client)
        self.happen(events.ClientsRevoked((client,)))
        for name in self.board.open_tasks(client):
            self.board.take_back(name)

    def results(self) -> list:
        """Every event so far that tells of something done, which may be told again at any time."""
        stored = (EVENT.validate_json(event) for event, _ in self.store.log)
        return [event for event in stored if not isinstance(event, _ORDERS)]

    def happen(self, event) -> None:
        """Somebody else's event, applied at once."""
        for _ in self.apply(event):
            pass

    def heal(self) -> None:
        """Everything that was away is back, and a new leader is at work beside the old ones."""
        for spool in self.aggregators.values():
            spool.away = False
        self.offline.clear()
        self.workers_away = False
        self.refused.clear()
        self.elect()
        self.happen(events.ResumeRequested())

    @property
    def at_rest(self) -> bool:
        at_work = any(leader.tasks for leader in self.leaders) or self.clients.reports
        owed = any(self.board.inboxes.get(client) for client in self.connected())
        return self.store.state.at_rest and not (self.store.outbox or at_work or owed)

    def _anything_happens(self, *, clients_work: bool) -> bool:
        before = self.store.revision, tuple(self.store.outbox)
        busy = clients_work and self.clients.all_step()
        for leader in list(self.leaders):
            leader.arrange()
            for name in list(leader.tasks):
                if name in leader.tasks:
                    leader.step(name)
        self.forget_deposed()
        return busy or before != (self.store.revision, tuple(self.store.outbox))
