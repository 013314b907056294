"""Three aggregators and two workers, each killed in turn in the middle of a round.

Merged bits are those of plain integers over the same updates; counted set = receipts.
"""

import pytest
from tests.support.faults.logs import read_events, wait_for_event
from tests.support.faults.spread_federation import SpreadFederation, as_settings
from tests.support.faults.spread_oracle import SpreadOracle

from pfi_aggregator.failpoints import Failpoint
from pfi_cli.local.scale import Scale

pytestmark = [pytest.mark.faults, pytest.mark.integration, pytest.mark.timeout(600)]

CLIENTS = 5
WIDTH = 2_500
"""Of adapters: 10,000 coordinates."""
SPOOLS = ("spool-0", "spool-1", "spool-2")
WORKERS = ("worker", "worker-1")
HOME_PLACES = (Failpoint.FOLDED_AHEAD, Failpoint.PARTIAL_ADDED, Failpoint.OUTCOME_STORED)
OTHER_PLACES = (Failpoint.RECEIPT_READY, Failpoint.FOLDED_AHEAD)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    settings = as_settings(piece_deadline_seconds=2, spool_patience_seconds=120)
    folder = tmp_path_factory.mktemp("spread") / "state"
    with SpreadFederation(folder, Scale(3, 2), settings) as running:
        running.join(CLIENTS)
        yield running


@pytest.fixture(scope="module")
def impatient(tmp_path_factory):
    """A federation that soon gives a spool up; its rounds last for seconds."""
    settings = as_settings(spool_patience_seconds=3)
    folder = tmp_path_factory.mktemp("impatient") / "state"
    with SpreadFederation(folder, Scale(3, 1), settings) as running:
        running.join(CLIENTS)
        yield running


@pytest.fixture
def federation(shared):
    """The federation, whole."""
    shared.held_pieces.release()
    for name in (*shared.scale.spools.values(), *WORKERS):
        if shared.pid(name) is None:
            shared.start(name)
    shared.agents_inside.hold()
    yield shared
    shared.agents_inside.let_go()


@pytest.fixture
def begin(federation, request):
    """Begins a run that is named after the test."""
    name = request.node.name.translate(str.maketrans("[]_", "---")).strip("-")

    def start(**changes):
        return federation.begin(name, CLIENTS, WIDTH, **changes)

    return start


@pytest.mark.parametrize(
    "spool", [SPOOLS[0], *(pytest.param(spool, marks=pytest.mark.slow) for spool in SPOOLS[1:])]
)
def test_an_aggregator_is_killed_while_clients_upload(federation, begin, spool):
    run, agents = begin(), federation.agents_inside
    dealt, victim = federation.wait_until_dealt(run), federation.owner(spool)
    assert set(dealt.values()) == set(SPOOLS)
    first = min(client for client, where in dealt.items() if where == spool)
    agents.let_go([first])
    federation.wait_until_committed(run, first)
    federation.kill(victim)
    federation.wait_for_trouble(run, spool)
    agents.let_go()
    federation.start(victim)
    ended = federation.finish(run)
    SpreadOracle(federation).check_mean(ended)
    assert [each.attempt for each in ended.rounds] == [1]


@pytest.mark.parametrize(
    ("home", "place"),
    [
        (False, Failpoint.PARTIAL_STORED),
        *(
            pytest.param(home, place, marks=pytest.mark.slow)
            for home, places in ((True, HOME_PLACES), (False, OTHER_PLACES))
            for place in places
        ),
    ],
)
def test_an_aggregator_is_killed_at(federation, begin, home, place):
    run = begin()
    federation.wait_until_dealt(run)
    first, *others = federation.last_round(run).spools
    victim = federation.owner(first if home else others[0])
    federation.arm(victim, place)
    federation.agents_inside.let_go()
    federation.wait_until_killed(victim)
    federation.start(victim)
    ended = federation.finish(run)
    SpreadOracle(federation).check_mean(ended)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(3))
def test_an_aggregator_that_stays_away_is_given_up(impatient, number):
    """The round goes on with the others; the first attempt is voided when it is back."""
    agents = impatient.agents_inside
    agents.hold()
    cohort = {"size": CLIENTS, "minimum": 2, "deadline": "15s"}
    run = impatient.begin(f"given-up-{number}", CLIENTS, WIDTH, cohort=cohort)
    impatient.wait_until_dealt(run)
    spool = impatient.last_round(run).spools[number]
    impatient.kill(impatient.owner(spool))
    agents.let_go([client for client, where in agents.dealt(run).items() if where != spool])
    told = {"run": run, "reason": "SPOOL_UNAVAILABLE"}  # which the run itself shows for 3 s alone
    wait_for_event(impatient.layout.log("coordinator"), "effect_delayed", **told)
    second = impatient.wait_for_run(run, lambda shown: shown.rounds[-1].attempt == 2)
    assert spool not in second.rounds[-1].spools
    agents.let_go()
    ended = impatient.finish(run)
    SpreadOracle(impatient).check_mean(ended)
    log = impatient.layout.log(impatient.owner(spool))
    impatient.start(impatient.owner(spool))
    wait_for_event(log, "spool_round_aborted", run=run, attempt=1)
    wait_for_event(log, "spool_round_settled", run=run, attempt=1)


def test_workers_are_killed_while_they_reduce_a_median(federation, begin):
    """Each takes the job along; it is sent again on the coordinator's deadline."""
    run = begin(aggregate={"rule": "median"})
    (spool,) = set(federation.wait_until_dealt(run).values())
    federation.stop("worker-1")
    federation.held_pieces.hold()
    federation.agents_inside.let_go()
    for number, name in enumerate(WORKERS, start=1):
        if federation.pid(name) is None:
            federation.start(name)
        federation.wait_until_reduced(number)
        federation.kill_group(name)
    assert not federation.pieces(run)
    assert federation.last_round(run).state == "reducing"
    federation.held_pieces.release()
    for name in WORKERS:
        federation.start(name)
    ended = federation.finish(run)
    SpreadOracle(federation).check_median(ended)
    assert [each.spools for each in ended.rounds] == [[spool]]
    ordered = read_events(federation.layout.log("coordinator"), "pieces_ordered", run=run)
    assert len(ordered) >= 3
