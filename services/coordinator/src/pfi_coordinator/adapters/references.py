"""Adapter versions as messages."""

from pfi.common.v1 import adapter_pb2
from pfi.common.v1.adapter_pb2 import AdapterReference
from pfi_common.spec import ENCODINGS
from pfi_coordinator.application.records import Origin
from pfi_coordinator.domain.forms import AdapterForm
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


def origin_reference(origin: Origin | None) -> AdapterReference | None:
    """Names the version that a run was restarted from."""
    if origin is None:
        return None
    return AdapterReference(
        digest=origin.digest,
        schema_digest=origin.schema_digest,
        run=origin.run,
        line=origin.line,
        version=origin.version,
    )


def form_of(adapter: AdapterVersion) -> adapter_pb2.AdapterForm | None:
    """Names the form of a version that clients download; None for the canonical payload."""
    if not adapter.forms:
        return None
    form = adapter.forms[0]
    return adapter_pb2.AdapterForm(
        encoding=ENCODINGS[form.encoding],
        payload_sha256=form.payload_sha256,
        payload_bytes=form.payload_bytes,
    )


def read_form(message: adapter_pb2.AdapterForm) -> AdapterForm:
    """Reads a form."""
    name = adapter_pb2.Encoding.Name(message.encoding)
    encoding = name.removeprefix("ENCODING_").lower()
    return AdapterForm(encoding, message.payload_sha256, message.payload_bytes)
