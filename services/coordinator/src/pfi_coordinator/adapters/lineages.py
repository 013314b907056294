"""Checks what an aggregator says it has published, and countersigns it."""

from dataclasses import dataclass
from datetime import UTC
from hashlib import sha256

from pfi.aggregator.v1.lineage_pb2 import Lineage
from pfi.common.v1.adapter_pb2 import AdapterReference
from pfi.common.v1.signed_pb2 import SignedStatement
from pfi_common.errors import SignatureInvalidError
from pfi_common.identity import StatementSigner, StatementVerifier
from pfi_common.spec import download_encoding
from pfi_common.tensors import encoded_size_bytes
from pfi_coordinator.adapters.references import origin_reference, read_form
from pfi_coordinator.application.ports.aggregators import Publication, Sealed
from pfi_coordinator.application.records import Origin, RunDocument
from pfi_coordinator.domain.state import GLOBAL, AdapterVersion


@dataclass(frozen=True, slots=True)
class ExpectedLineage:
    """What a lineage must say; `spool` is that of the aggregator which has to have signed it.

    With an origin it is the version 0 of a run that was restarted from there.
    """

    version: int
    attempt: int
    sealed: Sealed
    line: str = GLOBAL
    spool: str = ""
    origin: Origin | None = None


VERSION_0 = ExpectedLineage(0, 0, Sealed("", frozenset()))
"""It has no parent, no attempt and no updates."""


class CountersignLineages:
    """Verifies lineages and signs them as well."""

    def __init__(self, verifier: StatementVerifier, signer: StatementSigner) -> None:
        self._verifier = verifier
        self._signer = signer

    def __call__(
        self,
        statement: SignedStatement,
        document: RunDocument,
        expected: ExpectedLineage,
        merge_seconds: float = 0.0,
    ) -> Publication:
        """Gives the publication that a lineage proves.

        Raises:
            SignatureInvalidError: It is not signed by the aggregator that was to make it, or is of
                another run, version or schema, or made of something else than was sealed.
        """
        signer = f"aggregator/{expected.spool}"
        lineage = self._verifier.verify(statement, Lineage, signer=signer)
        _check_name(lineage, document, expected)
        _check_making(lineage, expected)
        _check_origin(lineage, expected.origin)
        _check_forms(lineage, document)
        serialised = statement.SerializeToString(deterministic=True)
        return Publication(
            adapter=_version(lineage, sha256(serialised).hexdigest()),
            lineage=serialised,
            countersignature=self._signer.sign(lineage).SerializeToString(deterministic=True),
            merge_seconds=merge_seconds,
        )


def _check_name(lineage: Lineage, document: RunDocument, expected: ExpectedLineage) -> None:
    made, schema_digest = lineage.adapter, document.description.adapter_schema.digest
    named = (document.run, expected.line, expected.version, schema_digest)
    if (made.run, made.line, made.version, made.schema_digest) != named:
        raise SignatureInvalidError("the lineage is of another run, line, version or schema")


def _check_making(lineage: Lineage, expected: ExpectedLineage) -> None:
    sealed = expected.sealed
    if (lineage.parent_digest, lineage.attempt) != (sealed.base_digest, expected.attempt):
        raise SignatureInvalidError("the lineage is of another attempt or parent")
    if sorted(item.client for item in lineage.counted) != sorted(sealed.counted):
        raise SignatureInvalidError("the lineage counts other updates than were sealed")
    foreign = {(item.client, item.spool) for item in lineage.counted if item.spool}
    if foreign != sealed.foreign:
        raise SignatureInvalidError("the lineage counts updates of other spools than were sealed")


def _check_origin(lineage: Lineage, origin: Origin | None) -> None:
    told = (lineage.origin, lineage.origin_lineage_digest)
    expected = origin_reference(origin) or AdapterReference()
    if told != (expected, "" if origin is None else origin.lineage_digest):
        raise SignatureInvalidError("the lineage names another origin than the run was given")
    if origin is not None and lineage.adapter.digest != origin.digest:
        raise SignatureInvalidError("version 0 is another adapter than the one it comes from")


def _check_forms(lineage: Lineage, document: RunDocument) -> None:
    asked = download_encoding(document.spec)
    count = document.description.adapter_schema.coordinate_count
    expected = [] if asked is None else [(asked, encoded_size_bytes(asked, count))]
    if [(form.encoding, form.payload_bytes) for form in lineage.forms] != expected:
        raise SignatureInvalidError("the lineage names other forms than clients are to download")


def _version(lineage: Lineage, lineage_digest: str) -> AdapterVersion:
    return AdapterVersion(
        version=lineage.adapter.version,
        digest=lineage.adapter.digest,
        schema_digest=lineage.adapter.schema_digest,
        lineage_digest=lineage_digest,
        optimizer_state_digest=lineage.optimizer_state_digest,
        published_at=lineage.publish_time.ToDatetime(tzinfo=UTC),
        line=lineage.adapter.line,
        forms=tuple(map(read_form, lineage.forms)),
        discarded_energy=lineage.report.discarded_energy,
        left_out=len(lineage.report.left_out),
    )
