"""What a killed service left behind does not lead anybody to its old ports."""

import asyncio
import json

import pytest
from tests.support.certificates import FederationFixture
from tests.support.rag.embedders import HashEmbedder
from tests.support.rag.service import rag_settings
from tests.support.rag.stores import InMemoryStoreFactory

from pfi_common.clock import SystemClock
from pfi_common.errors import IndexLockedError
from pfi_rag.bootstrap.graph import wire
from pfi_rag.bootstrap.server import running_service

pytestmark = pytest.mark.integration


async def test_stale_endpoints_are_gone_before_the_service_starts(tmp_path):
    FederationFixture(tmp_path)
    authority = tmp_path / "authority" / "authority.pem"
    settings = rag_settings(tmp_path / "rag", federation_authority=authority)
    settings.state.mkdir()
    file = settings.state / "endpoints.json"
    file.write_text(json.dumps({"rpc": "127.0.0.1:1", "rest": "", "certificate": "gone"}))
    seen = []

    def build(given, metrics, clock):
        seen.append(file.exists())
        return wire(InMemoryStoreFactory(None), HashEmbedder(), given, metrics, clock)

    stop = asyncio.Event()
    async with running_service(settings, stop, SystemClock(), build):
        file.write_text("{}")
        with pytest.raises(IndexLockedError):
            async with running_service(settings, stop, SystemClock(), build):
                pass
        assert file.exists()
    assert seen == [False]
