"""A scripted ServingService: tests decide which adapter devices answer with."""

from pfi.common.v1.adapter_pb2 import AdapterReference
from pfi.coordinator.v1 import serving_service_pb2 as serving
from pfi.coordinator.v1 import serving_service_pb2_grpc as serving_grpc
from pfi_client_agent.domain.answering import AdapterWeights
from pfi_client_agent.domain.training import BackboneReference
from pfi_common.errors import AdapterUnknownError, PlatformError

RUN = "r-0000000001"


class ScriptedServing(serving_grpc.ServingServiceServicer):
    """Says which adapter is the newest.

    Args:
        aggregator: Serves the payloads.

    Attributes:
        answer: What is said next, or the error that is raised.
        asked: Runs that were asked for.
    """

    def __init__(self, aggregator) -> None:
        self._aggregator = aggregator
        self.answer: serving.GetServingAdapterResponse | PlatformError = AdapterUnknownError()
        self.asked: list[str] = []

    def add_to(self, server) -> None:
        """Register the service."""
        serving_grpc.add_ServingServiceServicer_to_server(self, server)

    def publish(
        self, backbone: BackboneReference, adapter: AdapterWeights, version: int, **changes
    ) -> serving.GetServingAdapterResponse:
        """Publish an adapter as the newest one."""
        digest = self._aggregator.publish(adapter.vector.astype("<f4").tobytes())
        values = {
            "run": RUN,
            "run_name": "tiny",
            "adapter": AdapterReference(
                digest=digest,
                schema_digest=adapter.schema.digest,
                run=RUN,
                line="global",
                version=version,
            ),
            "schema": adapter.schema.to_proto(),
            "backbone_model": backbone.model,
            "backbone_digest": backbone.digest,
            "spool": "spool-0",
        }
        self.answer = serving.GetServingAdapterResponse(**(values | changes))
        return self.answer

    async def GetServingAdapter(self, request, context):  # noqa: N802
        self.asked.append(request.run)
        if isinstance(self.answer, PlatformError):
            raise self.answer
        return self.answer
