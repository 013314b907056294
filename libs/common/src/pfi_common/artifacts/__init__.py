"""Artifacts: adapters, schemas, lineages and reports, named by their digests."""

from pfi_common.artifacts.names import KINDS
from pfi_common.artifacts.opening import open_artifact_store
from pfi_common.artifacts.store import ArtifactStore

__all__ = ["KINDS", "ArtifactStore", "open_artifact_store"]
