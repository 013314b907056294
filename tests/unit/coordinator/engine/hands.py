"""What each effect does outside, in steps between which its process may die.

Each is a generator: it yields wherever the real one waits for somebody, and returns the event that
follows.
"""

from contextlib import suppress
from dataclasses import replace

from tests.unit.coordinator.domain.builders import adapter, line_adapter
from tests.unit.coordinator.engine.outside import AwayError, RefusedError, SupersededError

from pfi_coordinator.domain import effects, events
from pfi_coordinator.domain.partition import ends_probe
from pfi_coordinator.domain.spools import spool_of
from pfi_coordinator.domain.state import RoundPhase
from pfi_coordinator.domain.tasks import (
    TaskName,
    evaluation_scope,
    placement_scope,
    round_scope,
)

HOME = "spool-0"


def spools_of(current):
    return current.spools or (HOME,)


def key_of(item):
    return (item.line, item.number, item.attempt)


def each_spool(outside, spools, command):
    """The same command to each spool; the gravest failure counts."""
    answers, failures = [], []
    for spool in spools:
        try:
            answers.append(command(outside.aggregators[spool]))
        except (AwayError, RefusedError, SupersededError) as failure:
            failures.append(failure)
        yield
    for kind in (SupersededError, RefusedError):
        for failure in failures:
            if isinstance(failure, kind):
                raise failure
    if failures:
        raise AwayError("SPOOL_UNAVAILABLE", ", ".join(item.spools for item in failures))
    return answers


def create_initial(outside, token, _state, _effect):
    yield from each_spool(outside, [HOME], lambda spool: spool.obey(token))
    return events.InitialAdapterMade(adapter(0))


def open_round(outside, token, state, effect):
    key = key_of(effect)
    yield from each_spool(outside, spools_of(state.round), lambda spool: spool.open(token, key))
    return events.RoundOpened(effect.number, effect.attempt)


def dispatch_tasks(outside, _token, state, effect):
    current = state.round
    wanted = [client for client in effect.clients if client in current.open]
    scope = round_scope(effect.number, effect.attempt, effect.line)
    for client in wanted:
        name = TaskName(state.run, scope, client)
        outside.clients.tickets[name] = spool_of(spools_of(current), current.dealing, client)
    yield from hand_out(outside, scope, wanted)
    gone = tuple(client for client in wanted if client in outside.revoked)
    return events.ClientsRevoked(gone)


def cancel_tasks(outside, _token, _state, effect):
    scope = round_scope(effect.number, effect.attempt, effect.line)
    yield from take_back(outside, scope, effect.clients)


def seal_round(outside, token, state, effect):
    key = key_of(effect)
    answers = yield from each_spool(
        outside, spools_of(state.round), lambda spool: spool.seal(token, key)
    )
    counted = frozenset().union(*answers)
    if ends_probe(state, effect.number):
        outside.artifacts.sketches = True
        yield
    pieces = outside.pieces_of_a_round
    return events.RoundSealed(effect.number, effect.attempt, tuple(sorted(counted)), pieces)


def reduce_round(outside, token, state, effect):
    current, key = state.round, key_of(effect)
    home, *others = spools_of(current)
    yield from each_spool(outside, others, lambda spool: spool.fold(token, key))
    for _ in range(current.pieces):
        done = outside.artifacts.pieces.get(key, 0)
        if done < current.pieces:
            outside.ask_workers()
            outside.artifacts.pieces[key] = done + 1
            yield
            told = events.PiecesReduced(effect.number, effect.attempt, done + 1, line=effect.line)
            yield from outside.apply(told)
    yield from each_spool(outside, [home], lambda spool: spool.obey(token))
    return events.RoundReduced(effect.number, effect.attempt)


def finalize_round(outside, token, state, effect):
    current, key = state.round, key_of(effect)
    home, *others = spools_of(current)
    partials = yield from each_spool(outside, others, lambda spool: spool.fold(token, key))
    foreign = frozenset().union(*partials)
    yield from each_spool(
        outside, [home], lambda spool: spool.finalize(token, key, current.committed, foreign)
    )
    made = replace(line_adapter(effect.line, effect.number), published_at=outside.now)
    return events.RoundPublished(effect.number, effect.attempt, made, 0.1)


def abort_round(outside, token, state, effect):
    unaware = []
    for spool in spools_of(state.round):
        try:
            yield from each_spool(outside, [spool], lambda item: item.abort(token, key_of(effect)))
        except AwayError:
            if not state.round.elsewhere:
                raise
            unaware.append(spool)
    return events.RoundAborted(effect.number, effect.attempt, tuple(sorted(unaware)))


def void_round(outside, token, _state, effect):
    try:
        yield from each_spool(
            outside, effect.spools, lambda item: item.abort(token, key_of(effect))
        )
    except RefusedError:
        return


def settle_round(outside, token, _state, effect):
    attempts = outside.store.attempts(effect)
    for item in attempts:
        published = item.phase is RoundPhase.PUBLISHED
        yield from each_spool(outside, spools_of(item), settling(token, item, published=published))
    for number in range(1, effect.attempt + 1):
        scope = round_scope(effect.number, number, effect.line)
        for name in [name for name in outside.board.rows if name.scope == scope]:
            if name in outside.board.open_tasks(name.client):
                outside.board.finish(name)
                yield


def settling(token, item, *, published):
    def settle(spool):
        if not published:
            with suppress(RefusedError):
                spool.abort(token, key_of(item))
        spool.settle(token, key_of(item))

    return settle


def dispatch_evaluation(outside, _token, state, effect):
    waiting = frozenset() if state.evaluation is None else state.evaluation.waiting
    wanted = [client for client in effect.clients if client in waiting]
    yield from hand_out(outside, evaluation_scope(effect.line, state.evaluations_past), wanted)
    return events.ClientsRevoked(tuple(name for name in wanted if name in outside.revoked))


def cancel_evaluation(outside, _token, _state, effect):
    yield from take_back(outside, evaluation_scope(effect.line, effect.past), effect.clients)


def store_evaluation(outside, _token, state, effect):
    outside.artifacts.evaluations.add((effect.line, state.evaluations_past))
    yield
    return events.EvaluationStored(state.evaluations_past)


def partition_clients(outside, _token, state, _effect):
    outside.ask_workers()
    yield
    members = sorted(state.participants - outside.revoked)
    clusters = (tuple(members[:2]), tuple(members[2:]))
    return events.ClientsPartitioned(clusters, 0.5, "")


def forget_sketches(outside, _token, _state, _effect):
    outside.artifacts.sketches = False
    yield


def place_clients(outside, _token, state, effect):
    asked = [item.waiting for item in state.placements if item.number == effect.number]
    wanted = [client for client in effect.clients if any(client in waiting for waiting in asked)]
    yield from hand_out(outside, placement_scope(effect.number), wanted)
    return events.ClientsRevoked(tuple(name for name in wanted if name in outside.revoked))


def cancel_placement(outside, _token, _state, effect):
    yield from take_back(outside, placement_scope(effect.number), effect.clients)


def hand_out(outside, scope, clients):
    yield
    for client in clients:
        if client not in outside.revoked:
            outside.board.hand_out(TaskName(outside.store.state.run, scope, client))
    yield


def take_back(outside, scope, clients):
    yield
    for client in clients:
        outside.board.take_back(TaskName(outside.store.state.run, scope, client))
    yield


HANDS = {
    effects.CreateInitialAdapter: create_initial,
    effects.OpenRound: open_round,
    effects.DispatchTasks: dispatch_tasks,
    effects.CancelTasks: cancel_tasks,
    effects.SealRound: seal_round,
    effects.ReduceRound: reduce_round,
    effects.FinalizeRound: finalize_round,
    effects.AbortRound: abort_round,
    effects.VoidRound: void_round,
    effects.SettleRound: settle_round,
    effects.DispatchEvaluation: dispatch_evaluation,
    effects.CancelEvaluation: cancel_evaluation,
    effects.StoreEvaluation: store_evaluation,
    effects.PartitionClients: partition_clients,
    effects.ForgetSketches: forget_sketches,
    effects.PlaceClients: place_clients,
    effects.CancelPlacement: cancel_placement,
}
"""One for each kind of effect."""
