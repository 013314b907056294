"""ServingService: which adapter a device answers with."""

# ruff: noqa: N802 - method names are those of the proto

from collections.abc import Sequence

from pfi.common.v1 import adapter_pb2
from pfi.common.v1.adapter_pb2 import AdapterReference
from pfi.coordinator.v1 import serving_service_pb2 as messages
from pfi.coordinator.v1.serving_service_pb2_grpc import ServingServiceServicer
from pfi_common.rpc.caller import RpcContext, require_client
from pfi_common.spec import ENCODINGS, compile_classification
from pfi_coordinator.application.serving_adapter import FindServingAdapter, Served
from pfi_coordinator.domain.forms import AdapterForm


class ServingServicer(ServingServiceServicer):
    """Translates the question for the adapter."""

    def __init__(self, find: FindServingAdapter, spools: Sequence[str]) -> None:
        """Takes what it needs.

        Args:
            find: Finds the adapter.
            spools: Of the federation; their aggregators all serve every version.
        """
        self._find = find
        self._spools = sorted(spools)

    async def GetServingAdapter(
        self, request: messages.GetServingAdapterRequest, _context: RpcContext
    ) -> messages.GetServingAdapterResponse:
        """See ServingService.GetServingAdapter."""
        served = await self._find(require_client(), request.run)
        return _response(served, self._spool(served.document.spool))

    def _spool(self, spool: str) -> str:
        """Gives the run's spool, or another one when the federation has it no more."""
        return spool if spool in self._spools else self._spools[0]


def _response(served: Served, spool: str) -> messages.GetServingAdapterResponse:
    document, adapter = served.document, served.adapter
    spec, description = document.spec, document.description
    return messages.GetServingAdapterResponse(
        run=document.run,
        run_name=document.name,
        adapter=AdapterReference(
            digest=adapter.digest,
            schema_digest=adapter.schema_digest,
            run=document.run,
            line=adapter.line,
            version=adapter.version,
        ),
        schema=description.adapter_schema.to_proto(),
        backbone_model=spec.backbone.model,
        backbone_revision=spec.backbone.revision or "",
        backbone_digest=description.backbone_digest,
        spool=spool,
        classification=compile_classification(spec),
        form=next(map(_form, adapter.forms), None),
    )


def _form(form: AdapterForm) -> adapter_pb2.AdapterForm:
    return adapter_pb2.AdapterForm(
        encoding=ENCODINGS[form.encoding],
        payload_sha256=form.payload_sha256,
        payload_bytes=form.payload_bytes,
    )
