"""Reads what a run has left in the artifact store, and verifies all of it."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from google.protobuf.message import DecodeError

from pfi.aggregator.v1.lineage_pb2 import Lineage
from pfi.common.v1.signed_pb2 import SignedStatement
from pfi_cli.api.runs import GLOBAL
from pfi_cli.report.figures import AdapterEvidence
from pfi_common.artifacts import ArtifactStore
from pfi_common.errors import IdentityInvalidError, ReportIncompleteError, SignatureInvalidError
from pfi_common.identity import StatementVerifier, identity_of
from pfi_common.spec import Description, parse_description
from pfi_common.tensors import FP32, encoded_size_bytes

SIGNERS_OF_LINEAGE = "aggregator/"


@dataclass(frozen=True)
class VerifiedAdapter:
    """A shared adapter whose bytes, lineage and publication were checked."""

    evidence: AdapterEvidence
    lineage: Lineage


class StoredRun:
    """One run in an artifact store."""

    def __init__(self, run: str, store: ArtifactStore, verifier: StatementVerifier) -> None:
        """Describes where it is.

        Args:
            run: Run id.
            store: The federation's artifact store.
            verifier: Checks signatures with the federation's authority.
        """
        self._run = run
        self._store = store
        self._verifier = verifier

    async def description(self) -> Description:
        """Reads what the run was submitted with.

        Raises:
            ReportIncompleteError: It is not there.
        """
        document = await self._named(f"runs/{self._run}/run.json")
        return parse_description(document["description"])

    async def evaluation(self) -> Sequence[dict[str, Any]]:
        """Reads the closing evaluation, one entry per client.

        Raises:
            ReportIncompleteError: It is not there.
        """
        document = await self._named(f"runs/{self._run}/evaluation.json")
        entries: Sequence[dict[str, Any]] = document["evaluation"]
        return entries

    async def adapter(
        self, version: int, description: Description, line: str = GLOBAL
    ) -> VerifiedAdapter:
        """Reads one version of a line's adapter and checks bytes, lineage and signatures.

        Raises:
            ReportIncompleteError: A part is not there, or belongs to another adapter.
            ArtifactCorruptError: Stored bytes are not those that their digest names.
            SignatureInvalidError: A signature does not verify.
        """
        folder = "" if line == GLOBAL else f"{line}/"
        published = await self._named(f"runs/{self._run}/adapters/{folder}{version}.json")
        digest, lineage_digest = str(published["digest"]), str(published["lineage_digest"])
        payload = await self._store.get("adapters", digest)
        expected = encoded_size_bytes(FP32, description.adapter_schema.coordinate_count)
        _require(len(payload) == expected, f"version {version} has {len(payload)} bytes")
        lineage = self._lineage(await self._store.get("lineages", lineage_digest))
        named = (lineage.adapter.run, lineage.adapter.line, lineage.adapter.version)
        _require(
            (*named, lineage.adapter.digest) == (self._run, line, version, digest),
            f"version {version}: what was signed names another adapter",
        )
        countersigned = self._countersigned(published)
        _require(countersigned == lineage, f"version {version}: coordinator and aggregator differ")
        return VerifiedAdapter(
            AdapterEvidence(
                line=line,
                version=version,
                digest=digest,
                lineage_digest=lineage_digest,
                counted=len(lineage.counted),
                payload_bytes=len(payload),
            ),
            lineage,
        )

    async def _named(self, path: str) -> dict[str, Any]:
        stored = await self._store.get_named(path)
        if stored is None:
            raise ReportIncompleteError(f"there is no {path} in the artifact store")
        document: dict[str, Any] = json.loads(stored)
        return document

    def _lineage(self, stored: bytes) -> Lineage:
        statement = _statement(stored)
        signer = _signer_of(statement)
        return self._verifier.verify(statement, Lineage, signer=signer)

    def _countersigned(self, published: dict[str, Any]) -> Lineage:
        statement = _statement(base64.b64decode(published["countersignature"]))
        return self._verifier.verify(statement, Lineage, signer="coordinator")


def _statement(stored: bytes) -> SignedStatement:
    try:
        return SignedStatement.FromString(stored)
    except DecodeError as error:
        raise SignatureInvalidError("the stored statement cannot be read") from error


def _require(holds: bool, sentence: str) -> None:
    if not holds:
        raise ReportIncompleteError(sentence)


def _signer_of(statement: SignedStatement) -> str:
    """The aggregator that signed, which the verifier then holds to its certificate."""
    try:
        signer = identity_of(x509.load_der_x509_certificate(statement.signing_certificate)).name
    except (ValueError, IdentityInvalidError) as error:
        raise SignatureInvalidError("the signing certificate cannot be read") from error
    if not signer.startswith(SIGNERS_OF_LINEAGE):
        raise SignatureInvalidError(f"a lineage is signed by {signer}, not by an aggregator")
    return signer
