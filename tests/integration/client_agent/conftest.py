import pytest
import pytest_asyncio
from tests.support.client_agent.backbones import write_backbone
from tests.support.client_agent.federation import (
    RunningAgent,
    TinyRun,
    enrolled,
    scripted_federation,
    some_data,
)
from tests.support.client_agent.tasks import tiny_spec

from pfi_client_agent.adapters.digest_cache import DigestCache
from pfi_client_agent.adapters.learning.learner import TorchLearner
from pfi_common.identity import load_identity


@pytest.fixture(scope="session")
def backbone_folder(tmp_path_factory):
    return write_backbone(tmp_path_factory.mktemp("backbone"))


@pytest.fixture(scope="session")
def tiny_run(backbone_folder, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    return TinyRun.describe(tiny_spec(backbone_folder), backbone_folder, cache)


@pytest_asyncio.fixture
async def federation(tmp_path):
    async with scripted_federation(tmp_path / "federation") as running:
        yield running


@pytest_asyncio.fixture
async def folder(federation, tmp_path):
    """The state folder of an enrolled device."""
    return await enrolled(federation, tmp_path / "device")


@pytest.fixture
def builder(tiny_run, federation, folder):
    return tiny_run.builder(federation, load_identity(folder.identity))


@pytest.fixture
def base(tiny_run, federation):
    """Digest of version 0, which the aggregator serves."""
    return federation.aggregator.publish(tiny_run.base())


@pytest_asyncio.fixture
async def start_agent(folder):
    """Starts agents on the enrolled device; they are stopped at the end."""
    agents = []

    def start(learner=None, **arguments):
        if learner is None:
            cache = DigestCache(folder.digests)
            learner = TorchLearner(cache, None, threads=1, held_out_limit=100)
        agents.append(RunningAgent(folder, some_data(), learner, **arguments))
        return agents[-1]

    yield start
    for agent in agents:
        if not agent.running.done():
            await agent.stop()
