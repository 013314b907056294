"""Asks the coordinator which adapter this device answers with."""

import grpc

from pfi.common.v1.adapter_pb2 import TASK_TYPE_CAUSAL_LM
from pfi.coordinator.v1 import serving_service_pb2 as serving
from pfi.coordinator.v1 import serving_service_pb2_grpc as serving_grpc
from pfi_client_agent.adapters.state_folder import safe_name
from pfi_client_agent.adapters.wanted_forms import wanted_adapter
from pfi_client_agent.domain.serving import PublishedAdapter
from pfi_client_agent.domain.training import BackboneReference
from pfi_common.errors import SchemaMismatchError
from pfi_common.rpc.errors import translated
from pfi_common.rpc.policy import Deadline
from pfi_common.tensors import Schema

_CALL_SECONDS = Deadline.SHORT.value


async def ask_for_adapter(channel: grpc.aio.Channel, run: str) -> serving.GetServingAdapterResponse:
    """Ask for the newest published adapter of this device's line.

    Args:
        channel: To the coordinator.
        run: Id or name of the run; empty: the coordinator chooses.

    Raises:
        AdapterUnknownError: Nothing is published yet.
        PlatformError: The coordinator refuses, or does not answer.
    """
    request = serving.GetServingAdapterRequest(run=run)
    with translated():
        stub = serving_grpc.ServingServiceStub(channel)
        return await stub.GetServingAdapter(request, timeout=_CALL_SECONDS)


def read_published(response: serving.GetServingAdapterResponse) -> PublishedAdapter:
    """Read and check the coordinator's answer.

    Raises:
        SchemaMismatchError: The run does not train to answer, or the schema is not the adapter's.
        SpecInvalidError: The schema is malformed.
        InvalidRequestError: A name could not be a file name.
        AdapterInvalidError: The form to download is not of the schema.
        EncodingMismatchError: The form has an encoding that is not known here.
    """
    reference = response.adapter
    classifies = response.HasField("classification")
    if classifies or response.schema.task_type != TASK_TYPE_CAUSAL_LM:
        raise SchemaMismatchError(
            f"The run {response.run_name or response.run} sorts texts into labels "
            "(sequence-classification) and cannot answer questions. Choose another run (--run), "
            "or answer with the backbone alone (--adapter backbone-only)."
        )
    schema = Schema.from_proto(response.schema)
    schema.require_digest(reference.schema_digest)
    for name in (response.run, reference.line, reference.digest):
        safe_name(name)
    return PublishedAdapter(
        run=response.run,
        run_name=response.run_name,
        line=reference.line,
        version=reference.version,
        digest=reference.digest,
        schema=schema,
        backbone=BackboneReference(
            response.backbone_model, response.backbone_revision, response.backbone_digest
        ),
        spool=response.spool,
        form=wanted_adapter(reference, response.form, schema.coordinate_count)
        if response.HasField("form")
        else None,
    )


def announced(response: serving.GetServingAdapterResponse) -> dict[str, object]:
    """Write what the coordinator names, whether it can be used or not."""
    return {
        "run": response.run,
        "run_name": response.run_name,
        "line": response.adapter.line,
        "version": response.adapter.version,
        "digest": response.adapter.digest,
    }
