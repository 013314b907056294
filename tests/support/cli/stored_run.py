"""Writes what a run leaves behind: artifacts, signed statements, agents' folders."""

import base64
import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from tests.support.cli.run_documents import CLIENTS, NAMES, RUN, run_document, task

from pfi.aggregator.v1.lineage_pb2 import CountedUpdate, Lineage
from pfi.common.v1.adapter_pb2 import AdapterReference
from pfi_cli.local.federation_file import FederationFile, write_federation
from pfi_cli.local.layout import StateLayout
from pfi_common.artifacts import ArtifactStore, open_artifact_store
from pfi_common.clock import SystemClock
from pfi_common.identity import (
    CertificateAuthority,
    StatementSigner,
    generate_key,
    key_to_pem,
    save_identity,
)
from pfi_common.tensors import Schema, Tensor

SCHEMA = Schema(
    tensors=(Tensor("q_proj.lora_A.weight", (2, 4)), Tensor("q_proj.lora_B.weight", (4, 2))),
    rank=2,
    alpha=4,
    target_modules=("q_proj",),
)
LIFETIME = timedelta(days=1)


class StoredRunBuilder:
    """A completed run of two clients and two rounds in a state folder."""

    def __init__(self, folder: Path, document: dict[str, Any] | None = None) -> None:
        self.layout = StateLayout(folder)
        self.layout.artifacts.mkdir(parents=True)
        self.store: ArtifactStore = open_artifact_store(self.layout.artifacts_url)
        self.authority = CertificateAuthority.create(
            self.layout.coordinator / "authority", "test", SystemClock()
        )
        self.layout.authority.parent.mkdir(parents=True)
        self.layout.authority.write_bytes(self.authority.certificate_pem)
        self.aggregator = self.signer("aggregator/spool-0")
        self.coordinator = self.signer("coordinator")
        self.document = document or run_document()
        self.digests: dict[tuple[str, int], str] = {}
        write_federation(self.layout, FederationFile(name="test"))

    def signer(self, service: str) -> StatementSigner:
        """A certified signer."""
        key = Ed25519PrivateKey.generate()
        certificate = self.authority.issue_signer(key.public_key(), service, LIFETIME)
        return StatementSigner(key, certificate)

    async def write(self) -> "StoredRunBuilder":
        """Writes everything as a healthy federation does."""
        await self.write_description()
        for entry in self.document["adapters"]:
            line, version = entry.get("line", "global"), entry["version"]
            await self.write_version(version, line=line)
            entry["digest"] = self.digests[line, version]
        await self.put(f"runs/{RUN}/evaluation.json", {
            "run": RUN, "evaluation": self.document["evaluation"],
        })  # fmt: skip
        for index in range(len(CLIENTS)):
            self.write_agent(index)
        return self

    async def write_description(self) -> None:
        """Writes what was submitted."""
        description = {
            "backbone_digest": "b" * 64,
            "adapter_schema": SCHEMA.as_document(),
            "parameter_count": 1000,
        }
        await self.put(f"runs/{RUN}/run.json", {"run": RUN, "description": description})

    async def write_version(self, version: int, **changes: Any) -> None:
        """Writes a shared adapter with lineage and countersignature; changes make it wrong."""
        line = changes.get("line", "global")
        value = version + (0 if line == "global" else 0.1 * int(line.rpartition("-")[2]))
        vector = np.full(SCHEMA.coordinate_count, value, dtype="<f4")
        digest = await self.store.put("adapters", vector.tobytes())
        self.digests[line, version] = digest
        reference = AdapterReference(
            digest=digest,
            schema_digest=SCHEMA.digest,
            run=RUN,
            line=changes.get("signed_line", line),
            version=version,
        )
        lineage = Lineage(
            adapter=reference,
            parent_digest=changes.get("parent", self._parent(line, version)),
            counted=changes.get("counted", self._counted(line, version)),
        )
        signed = changes.get("lineage_signer", self.aggregator).sign(lineage)
        lineage_digest = await self.store.put("lineages", signed.SerializeToString())
        published = Lineage.FromString(lineage.SerializeToString())
        published.attempt = changes.get("countersigned_attempt", 0)
        countersigned = changes.get("countersigner", self.coordinator).sign(published)
        folder = "" if line == "global" else f"{line}/"
        await self.put(f"runs/{RUN}/adapters/{folder}{version}.json", {
            "run": RUN,
            "version": version,
            "digest": digest,
            "lineage_digest": lineage_digest,
            "countersignature": base64.b64encode(countersigned.SerializeToString()).decode(),
        })  # fmt: skip

    def _parent(self, line: str, version: int) -> str:
        """Digest of the version before: of the line, or of the one that it began with."""
        before = self.digests.get((line, version - 1), "")
        return before or self.digests.get(("global", version - 1), "")

    def _counted(self, line: str, version: int) -> list[CountedUpdate]:
        rounds = self.document["rounds"]
        own = [each for each in rounds if each.get("line", "global") == line]
        tasks = [m for each in own if each["round"] == version for m in each["cohort"]]
        return [CountedUpdate(task=m["task"], client=m["client"], payload_bytes=64) for m in tasks]

    def write_agent(self, index: int) -> Path:
        """Writes an agent's record and its personal adapter; gives its folder."""
        folder = self.layout.agents / NAMES[index]
        self._write_identity(folder / "identity", CLIENTS[index])
        adapter = folder / "personal" / RUN
        adapter.mkdir(parents=True)
        tensors = f"personal {index}".encode()
        (adapter / "adapter_model.safetensors").write_bytes(tensors)
        (folder / "evaluations").mkdir()
        record = {
            "run": RUN,
            "client": CLIENTS[index],
            "metrics": self.document["evaluation"][index]["metrics"],
            "shared_digest": self._evaluated(index),
            "personal_adapter": f"personal/{RUN}/adapter_model.safetensors",
            "personal_sha256": hashlib.sha256(tensors).hexdigest(),
        }
        (folder / "evaluations" / f"{RUN}.json").write_text(json.dumps(record))
        return folder

    def _write_identity(self, folder: Path, client: str) -> None:
        key = generate_key()
        certificate = self.authority.issue_client(key.public_key(), client, LIFETIME)
        save_identity(
            folder,
            key_pem=key_to_pem(key),
            certificate_chain_pem=certificate.public_bytes(Encoding.PEM),
            authority_pem=self.authority.certificate_pem,
        )

    def _evaluated(self, index: int) -> str:
        """Digest of the newest version of the client's line."""
        line = self.document["evaluation"][index].get("line", "global")
        return self.digests[line, max(v for own, v in self.digests if own == line)]

    async def put(self, path: str, document: Any) -> None:
        """Writes a pointer."""
        await self.store.put_named(path, json.dumps(document).encode())

    def artifact(self, kind: str, digest: str) -> Path:
        """The file of an artifact."""
        return self.layout.artifacts / kind / digest[:2] / digest


def counted(version: int) -> list[CountedUpdate]:
    """The counted updates of a round."""
    return [
        CountedUpdate(task=task(version, client), client=client, payload_bytes=64)
        for client in CLIENTS
    ]
