"""Round keys, adapter references and forms."""

from pfi.aggregator.v1 import round_service_pb2
from pfi.common.v1 import adapter_pb2
from pfi_aggregator.domain.adapter import AdapterForm, AdapterReference
from pfi_aggregator.domain.round_key import RoundKey


def read_key(message: round_service_pb2.RoundKey) -> RoundKey:
    """Reads and validates a key.

    Raises:
        InvalidRequestError: a part breaks its rule.
    """
    return RoundKey(message.run, message.round, message.attempt, message.line)


def write_key(key: RoundKey) -> round_service_pb2.RoundKey:
    """Writes a key."""
    return round_service_pb2.RoundKey(
        run=key.run, round=key.round, attempt=key.attempt, line=key.line
    )


def read_reference(message: adapter_pb2.AdapterReference) -> AdapterReference:
    """Reads and validates a reference.

    Raises:
        InvalidRequestError: a part breaks its rule.
    """
    return AdapterReference(
        digest=message.digest,
        schema_digest=message.schema_digest,
        run=message.run,
        line=message.line,
        version=message.version,
    )


def write_reference(reference: AdapterReference) -> adapter_pb2.AdapterReference:
    """Writes a reference."""
    return adapter_pb2.AdapterReference(
        digest=reference.digest,
        schema_digest=reference.schema_digest,
        run=reference.run,
        line=reference.line,
        version=reference.version,
    )


def read_form(message: adapter_pb2.AdapterForm) -> AdapterForm:
    """Reads and validates a form.

    Raises:
        InvalidRequestError: the digest is not one.
    """
    return AdapterForm(message.encoding, message.payload_sha256, message.payload_bytes)


def write_form(form: AdapterForm) -> adapter_pb2.AdapterForm:
    """Writes a form."""
    return adapter_pb2.AdapterForm(
        encoding=form.encoding,
        payload_sha256=form.payload_sha256,
        payload_bytes=form.payload_bytes,
    )
