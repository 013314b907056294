"""Two hundred uploads whose connections are cut at random bytes until each is through."""

import random
from itertools import count

import pytest
from tests.support.aggregator.builders import make_schema
from tests.support.certificates import FederationFixture
from tests.support.faults.aggregator_process import AggregatorProcess
from tests.support.faults.committed_files import read_committed
from tests.support.faults.logs import read_events, wait_for_event
from tests.support.faults.members import Sender
from tests.support.faults.proxy import Action, FaultProxy
from tests.support.faults.round_scene import make_scene

from pfi.common.v1.signed_pb2 import SignedStatement
from pfi_common.errors import ServiceUnavailableError

pytestmark = [pytest.mark.faults, pytest.mark.integration]

SCHEMA = make_schema(inputs=40_000, outputs=40_000, rank=8)  # 2.4 MiB: three chunks
PAYLOAD_BYTES = 4 * SCHEMA.coordinate_count
OVERHEAD_BYTES = 64 << 10
"""More than handshake, headers and framing of one call take."""
UPLOADS = 20
SEEDS = 10
FEW = 4


@pytest.fixture(scope="module")
def world(tmp_path_factory, module_redis_url):
    folder = tmp_path_factory.mktemp("random")
    federation = FederationFixture(folder)
    aggregator = AggregatorProcess(folder / "aggregator", federation, module_redis_url)
    aggregator.start()
    yield federation, aggregator
    aggregator.stop()


@pytest.fixture
def proxy(world):
    _, aggregator = world
    with FaultProxy(aggregator.target) as running:
        yield running


def count_cuts(proxy: FaultProxy) -> int:
    """How many connections have been cut."""
    return sum(item.struck.is_set() for item in proxy.connections)


async def send_through_cuts(
    sender: Sender, proxy: FaultProxy, target: str, randomness: random.Random
) -> SignedStatement:
    """Goes on after every cut until there is a receipt.

    The first cut certainly comes before the last byte, be it in the handshake; later ones may come
    too late, and then the upload is through. It is through, too, when gRPC itself connects anew,
    which it does after a cut before the call's first byte.
    """
    offset = 0
    for cuts in count():
        most = PAYLOAD_BYTES - offset + (2 * OVERHEAD_BYTES if cuts else 0)
        proxy.arm(Action.RESET, randomness.randrange(most))
        try:
            return await sender.send(proxy.address, offset)
        except ServiceUnavailableError:
            proxy.wait_until_struck()
        found = await sender.status(target)
        if isinstance(found, SignedStatement):
            return found
        assert found >= offset  # what was stored stays stored
        offset = found
    raise AssertionError


@pytest.mark.parametrize(
    ("seed", "uploads"),
    [
        pytest.param(0, FEW, id="few"),
        *(pytest.param(seed, UPLOADS, marks=pytest.mark.slow) for seed in range(1, SEEDS + 1)),
    ],
)
async def test_cut_at_random_bytes_until_it_is_through(world, proxy, seed, uploads):
    federation, aggregator = world
    randomness = random.Random(seed)
    scene = make_scene(federation, aggregator, uploads, run=f"r-random-{seed}", schema=SCHEMA)
    await scene.begin()
    receipts, cuts = {}, []
    for sender in scene.senders:
        before = count_cuts(proxy)
        receipts[sender.task] = await send_through_cuts(sender, proxy, scene.target, randomness)
        proxy.disarm()
        cuts.append(count_cuts(proxy) - before)
        payload, _ = read_committed(scene.committed()[sender.task], scene.aggregator.state)
        assert payload == sender.upload.payload
        wait_for_event(aggregator.log, "update_committed", task=sender.task)
        assert len(read_events(aggregator.log, "update_committed", task=sender.task)) == 1
    assert min(cuts) >= 1
    await scene.check(receipts)
