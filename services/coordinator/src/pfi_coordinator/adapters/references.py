"""Adapter versions as messages."""

from pfi.common.v1.adapter_pb2 import AdapterReference
from pfi_coordinator.domain.state import AdapterVersion


def reference(run: str, adapter: AdapterVersion) -> AdapterReference:
    """Names a version of a run."""
    return AdapterReference(
        digest=adapter.digest,
        schema_digest=adapter.schema_digest,
        run=run,
        line=adapter.line,
        version=adapter.version,
    )
