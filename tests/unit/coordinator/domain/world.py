"""A world for the round machine: effects are carried out, or lie in the outbox."""

from hypothesis.stateful import RuleBasedStateMachine
from tests.unit.coordinator.domain.builders import (
    START,
    adapter,
    cluster_rules,
    line_adapter,
    run,
)

from pfi_coordinator.domain import effects, events
from pfi_coordinator.domain.cohort import needs_clients
from pfi_coordinator.domain.collecting import needs_replacements
from pfi_coordinator.domain.effects import effect_key
from pfi_coordinator.domain.lines import every_line, line_named
from pfi_coordinator.domain.machine import decide
from pfi_coordinator.domain.outbox import is_wanted
from pfi_coordinator.domain.placing import newcomers
from pfi_coordinator.domain.selection_rules import SelectionRules
from pfi_coordinator.domain.state import GLOBAL
from pfi_coordinator.domain.timing import next_deadline

CLIENTS = tuple(f"c-{index}" for index in range(6))
SPOOLS = ("spool-0", "spool-1", "spool-2")
PROBE = 1


class World(RuleBasedStateMachine):
    """A run, and what the driver, the aggregator and the clients would do about it."""

    def __init__(self):
        super().__init__()
        self.begin(kind="plain")

    def begin(self, kind):
        plain = kind in {"plain", "spread", "kept"}
        policy = "utility" if kind == "kept" else "random"
        selection = SelectionRules(policy=policy, fairness_cap=1.5, replace=kind == "kept")
        cluster = None if plain else cluster_rules(probe_round=PROBE)
        self.spools = SPOOLS if kind in {"spread", "formed"} else ()
        rounds = 3 if kind == "placing" else 2
        self.first = run(
            rounds=rounds, selected_count=4, size=3, minimum=2, cluster=cluster, selection=selection
        )
        self.state = self.first
        self.now = START
        self.sketches = False
        self.log = []
        self.outbox = []
        self.keys = []
        self.results = []
        self.counted = set()
        self.holders = {}
        self.happen(events.RunSubmitted())
        if kind in {"formed", "placing"}:
            self.clusters_are_formed()
        if kind == "placing":
            self.newcomers_are_asked()

    def clusters_are_formed(self):
        """Skips what most examples would never get through by chance."""
        while not self.state.lines:
            self.all_effects_run()
            self.clients_are_shown()
            self.everyone_commits(self.state)

    def shown(self, clients, line):
        """What the driver tells a line that waits."""
        return events.ClientsEligible(clients, self.spools, len(self.spools), line=line)

    def newcomers_are_asked(self):
        for line in self.state.lines:
            self.happen(self.shown(CLIENTS, line.line))
            self.all_effects_run()
            self.everyone_commits(line_named(self.state, line.line))
            self.all_effects_run()
        self.happen(events.ClientsEligible(CLIENTS))
        assert self.state.placements

    def all_effects_run(self):
        while self.outbox:
            self.carry_out(self.outbox.pop(0))

    def everyone_commits(self, line):
        if (current := line.round) is not None:
            updates = tuple(events.CommittedUpdate(client) for client in CLIENTS)
            named = (current.number, current.attempt)
            self.happen(events.UpdatesCommitted(*named, updates, line=line.line))

    def happen(self, event):
        before = self.state
        self.state, asked = decide(self.state, event, self.now)
        if self.state != before or asked:
            self.log.append((event, self.now))
        self.outbox.extend(asked)
        self.keys.extend(effect_key(effect) for effect in asked)

    def result_of(self, effect, current):  # noqa: C901, PLR0911 - one line for each effect
        number, attempt, line = effect.number, effect.attempt, effect.line
        match effect:
            case effects.CreateInitialAdapter():
                return events.InitialAdapterMade(adapter(0))
            case effects.OpenRound():
                return events.RoundOpened(number, attempt, line=line)
            case effects.SealRound():
                counted = tuple(sorted(current.committed))
                pieces = number if self.spools else 0
                return events.RoundSealed(number, attempt, counted, pieces, line=line)
            case effects.ReduceRound():
                return events.RoundReduced(number, attempt, line=line)
            case effects.FinalizeRound():
                made = line_adapter(line, number)
                return events.RoundPublished(number, attempt, made, 0.1, line=line)
            case effects.AbortRound():
                return events.RoundAborted(number, attempt, current.spools[1:2], line=line)
            case effects.StoreEvaluation():
                return events.EvaluationStored(line=line)
            case effects.PartitionClients():
                return events.ClientsPartitioned(self.partition(), 0.5, "")
        return None

    def partition(self):
        """Clusters of the clients that the probe round counted, as odd as they may come."""
        members = sorted(self.state.participants)
        return (tuple(members[:1]), tuple(members[1:3]), tuple(members[3:]))

    def carry_out(self, effect):
        """What the driver does with one effect; tasks are given out and taken back here."""
        state = line_named(self.state, effect.line)
        if state is None or not is_wanted(state, effect):
            return
        if isinstance(effect, effects.ForgetSketches):
            self.sketches = False
        if isinstance(effect, effects.SealRound) and effect.line == GLOBAL:
            self.sketches = self.sketches or effect.number == PROBE
        self.move_tasks(effect, state.round)
        event = self.result_of(effect, state.round)
        if event is not None:
            self.results.append(event)
            self.happen(event)

    def move_tasks(self, effect, current):
        held = (effect.line, effect.number, effect.attempt)
        match effect:
            case effects.DispatchTasks(clients=clients):
                for client in set(clients) & current.open:
                    self.holders.setdefault(client, set()).add(held)
            case effects.CancelTasks(clients=clients):
                for client in clients:
                    self.holders.get(client, set()).discard(held)
            case effects.FinalizeRound():
                for tasks in self.holders.values():
                    tasks.discard(held)

    def the_run_comes_to_an_end(self):
        """With working clients and a working aggregator, every run ends after bounded steps."""
        for _ in range(400):
            self.all_effects_run()
            if self.state.at_rest and not self.outbox:
                return
            if self.clients_are_shown() or self.outbox:
                continue
            due = next_deadline(self.state)
            if due is not None:
                self.now = max(self.now, due)
                self.happen(events.Tick())
        raise AssertionError(f"the run does not end: {self.state}")

    def clients_are_shown(self):
        """What the driver does when a line waits, or new clients are there."""
        before = self.state
        for line in every_line(before):
            if needs_clients(line) or needs_replacements(line):
                self.happen(self.shown(CLIENTS, line.line))
        if newcomers(self.state, CLIENTS):
            self.happen(events.ClientsEligible(CLIENTS))
        return self.state != before

    def replay_gives_the_same_state(self):
        state = self.first
        for event, now in self.log:
            state, _ = decide(state, event, now)
        assert state == self.state
