"""Answers with a backbone and the adapters that are merged into it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import torch

from pfi_client_agent.adapters.digest_cache import DigestCache
from pfi_client_agent.adapters.durable_files import read_json
from pfi_client_agent.adapters.learning.backbone import LoadedBackbone, load_backbone
from pfi_client_agent.adapters.learning.hub import find_backbone
from pfi_client_agent.adapters.learning.memory import exhaustion_translated
from pfi_client_agent.adapters.learning.skeleton import open_skeleton
from pfi_client_agent.adapters.serving.generation import Generation
from pfi_client_agent.adapters.serving.merged_weights import MergedWeights
from pfi_client_agent.adapters.serving.prompting import PromptWriter
from pfi_client_agent.domain.abandonment import MemoryExhaustedError
from pfi_client_agent.domain.answering import AdapterWeights, Ending, Prompt, Sampling
from pfi_client_agent.domain.training import BackboneReference
from pfi_common.errors import (
    BackboneMismatchError,
    BackboneUnreadableError,
    ServiceUnavailableError,
)

T = TypeVar("T")

HINTS_FILE = "pfi.json"
"""Beside a backbone's files: how it wants to be used. `{"passages": "system_lines"}`."""

_UNLIMITED = 1 << 30


class TorchAnswerEngine:
    """Answers with torch and transformers; see `ports.AnswerEngine`. Used from one thread.

    Args:
        cache: Known backbone digests.
        chosen: Folder that the device's owner uses for every backbone; None: what runs name.
        threads: Threads of one operation. A process that trains, too, must give what training has:
            the number belongs to the process in some of torch's libraries.
    """

    def __init__(self, cache: DigestCache, chosen: Path | None, *, threads: int) -> None:
        torch.set_num_threads(threads)
        self._cache = cache
        self._chosen = chosen
        self._backbone: LoadedBackbone | None = None
        self._weights: MergedWeights | None = None
        self._prompts: PromptWriter | None = None

    @property
    def backbone_digest(self) -> str | None:
        """Digest of the loaded backbone; None before `load`."""
        return None if self._backbone is None else self._backbone.digest

    def load(self, backbone: BackboneReference | None) -> None:
        """Load and check the backbone, once."""
        wanted = None if backbone is None else backbone.digest
        if self._backbone is None:
            folder = self._find(backbone)
            digest = open_skeleton(folder).digest(self._cache)
            _require_same(digest, wanted)
            with _memory_translated():
                self._keep(folder, load_backbone(folder, digest))
        _require_same(self.backbone_digest, wanted)

    def check(self, layers: Sequence[AdapterWeights]) -> None:
        """Check that adapters can be applied; nothing changes."""
        with _memory_translated():
            _loaded(self._weights).check(layers)

    def apply(self, layers: Sequence[AdapterWeights]) -> None:
        """Answer with these adapters from now on, and with no others."""
        with _memory_translated():
            weights = _loaded(self._weights)
            weights.check(layers)
            weights.write(layers)

    def answer(
        self, prompt: Prompt, sampling: Sampling, cancelled: Callable[[], bool]
    ) -> Iterator[str | Ending]:
        """Yield the answer piece by piece, then how it ended."""
        backbone = _loaded(self._backbone)
        ids, passages, limit = _loaded(self._prompts).write(prompt, sampling)
        with _memory_translated():
            yield from Generation(backbone, sampling, cancelled).run(ids, limit, passages)

    def _find(self, backbone: BackboneReference | None) -> Path:
        if backbone is not None:
            return find_backbone(backbone.model, backbone.revision, self._chosen)
        if self._chosen is None:
            raise BackboneUnreadableError("No backbone is known yet: name its folder (--backbone).")
        return find_backbone("", "", self._chosen)

    def _keep(self, folder: Path, backbone: LoadedBackbone) -> None:
        hints = read_json(folder / HINTS_FILE) or {}
        self._weights = MergedWeights(backbone.model)
        self._prompts = PromptWriter(
            backbone.tokenizer,
            backbone.maximum_tokens(_UNLIMITED),
            system_lines=hints.get("passages") == "system_lines",
        )
        self._backbone = backbone


def _loaded(part: T | None) -> T:
    if part is None:
        raise ServiceUnavailableError("The backbone is not loaded yet.")
    return part


def _require_same(digest: str | None, wanted: str | None) -> None:
    if wanted is not None and digest != wanted:
        raise BackboneMismatchError(
            f"The backbone here is {digest}; the adapter needs {wanted}. Start again with the "
            "run's backbone."
        )


@contextmanager
def _memory_translated() -> Iterator[None]:
    try:
        with exhaustion_translated():
            yield
    except MemoryExhaustedError as error:
        raise ServiceUnavailableError(f"This answer failed: {error}.") from error
