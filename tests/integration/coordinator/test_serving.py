"""Which adapter a device answers with, over real mTLS."""

import pytest
from tests.support.coordinator.site import working
from tests.support.coordinator.values import SCHEMA

from pfi.coordinator.v1 import serving_service_pb2
from pfi.coordinator.v1.serving_service_pb2_grpc import ServingServiceStub
from pfi_common.errors import AdapterUnknownError, RunUnknownError
from pfi_common.rpc.channel import secure_channel
from pfi_common.rpc.errors import translated

pytestmark = pytest.mark.integration


async def ask(coordinator, enrolled, run=""):
    request = serving_service_pb2.GetServingAdapterRequest(run=run)
    async with secure_channel(coordinator.endpoints.session, enrolled.identity) as channel:
        with translated():
            return await ServingServiceStub(channel).GetServingAdapter(request, timeout=10)


async def test_before_the_first_publication_there_is_no_adapter(coordinator):
    enrolled = await coordinator.enrol()
    with pytest.raises(AdapterUnknownError) as refused:
        await ask(coordinator, enrolled)
    assert refused.value.message == "no run has published an adapter yet"
    with pytest.raises(RunUnknownError):
        await ask(coordinator, enrolled, "nothing")


async def test_a_device_follows_the_run_that_it_took_part_in(site):
    async with site.both() as coordinator:
        agents = await coordinator.agents(3)
        async with working(agents):
            run = (await coordinator.submit())["run"]
            shown = await coordinator.until(run, lambda view: view["state"] == "completed")
        stranger = await coordinator.enrol("Stranger")
        for enrolled in (agents[0].enrolled, stranger):
            found = await ask(coordinator, enrolled)
            assert (found.run, found.run_name) == (run, "assistants")
            assert found.adapter.version == 2
            assert found.adapter.line == "global"
            assert found.adapter.digest == shown["adapters"][-1]["digest"]
            assert found.schema == SCHEMA.to_proto()
            assert (found.backbone_model, found.backbone_digest) == ("tiny", "b" * 64)
            assert found.spool == "spool-0"
            assert not found.HasField("classification")
        assert await ask(coordinator, stranger, "assistants") == found
