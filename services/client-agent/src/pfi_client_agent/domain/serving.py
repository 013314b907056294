"""Which adapter answers, and why another one does not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pfi_client_agent.domain.answering import AdapterWeights
from pfi_client_agent.domain.training import BackboneReference
from pfi_client_agent.domain.wanted_adapter import WantedAdapter
from pfi_common.errors import PlatformError
from pfi_common.tensors import Schema


@dataclass(frozen=True)
class PublishedAdapter:
    """A shared adapter that the federation published for this device.

    Attributes:
        run: Run id.
        run_name: Name of the run.
        line: `global`, or the cluster's line.
        version: Rounds that went into it.
        digest: SHA-256 of its payload, hexadecimal.
        schema: What it consists of.
        backbone: What it belongs to.
        spool: The spool that serves it.
        form: The form that is downloaded and decoded; None for the canonical payload.
    """

    run: str
    run_name: str
    line: str
    version: int
    digest: str
    schema: Schema
    backbone: BackboneReference
    spool: str
    form: WantedAdapter | None = None

    @property
    def wanted(self) -> WantedAdapter:
        """What is downloaded."""
        return self.form or WantedAdapter(self.digest, self.schema.coordinate_count)

    @property
    def key(self) -> tuple[str, str, int, str]:
        """What tells it from every other one."""
        return self.run, self.line, self.version, self.digest


@dataclass(frozen=True)
class Refusal:
    """A newer adapter that is not used.

    Attributes:
        adapter: Which one, as far as that is known.
        error: Why.
    """

    adapter: Mapping[str, Any]
    error: PlatformError

    def document(self) -> dict[str, Any]:
        """Write it for the answer's metadata."""
        return {**self.adapter, "reason": self.error.reason, "message": self.error.message}


@dataclass(frozen=True)
class AdapterSet:
    """The adapters that answer, at one moment. Exchanged as a whole.

    Attributes:
        published: What the shared adapter is; None: the backbone answers alone.
        shared: The shared adapter's weights.
        personal: The personal adapter's weights; None where there is none that fits.
        personal_sha256: Checksum of the personal adapter's file.
        personal_left_out: Why there is no personal adapter.
    """

    published: PublishedAdapter | None = None
    shared: AdapterWeights | None = None
    personal: AdapterWeights | None = None
    personal_sha256: str | None = None
    personal_left_out: str = ""

    def layers(self, *, personal: bool) -> tuple[AdapterWeights, ...]:
        """Give the adapters to apply, the shared one first."""
        applied = (self.shared, self.personal if personal else None)
        return tuple(layer for layer in applied if layer is not None)

    def document(self, *, personal: bool) -> dict[str, Any]:
        """Write which adapters answered."""
        applied = personal and self.personal is not None
        left_out = self.personal_left_out if personal else "the request does not want it"
        return {
            **describe(self.published),
            "personal": applied,
            "personal_left_out": None if applied else left_out,
        }


def describe(published: PublishedAdapter | None) -> dict[str, Any]:
    """Write what a shared adapter is; every value is None for the backbone alone."""
    keys = ("run", "run_name", "line", "version", "digest")
    return {key: getattr(published, key, None) for key in keys}
