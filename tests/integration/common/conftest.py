from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.integration.common.services import Services, Stubs, adder
from tests.support.certificates import FederationFixture
from tests.support.grpc_server import RunningServer, running_server

from pfi_common.rpc.channel import secure_channel


@pytest.fixture
def federation(tmp_path):
    return FederationFixture(tmp_path / "federation")


@pytest.fixture
def services():
    return Services()


@pytest_asyncio.fixture
async def server(federation, services) -> AsyncIterator[RunningServer]:
    """A coordinator's mTLS port with every servicer."""
    async with running_server(federation.service(), adder(services)) as running:
        yield running


@pytest_asyncio.fixture
async def client(server, federation) -> AsyncIterator[Stubs]:
    """Stubs as the client c-1."""
    async with secure_channel(server.target, federation.client("c-1")) as channel:
        yield Stubs(channel)
