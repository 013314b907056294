"""Makes workbenches, and keeps the last one: between two rounds nothing is loaded again."""

from pathlib import Path

import torch

from pfi_client_agent.adapters.digest_cache import DigestCache
from pfi_client_agent.adapters.learning.backbone import LoadedBackbone, load_backbone
from pfi_client_agent.adapters.learning.hub import find_backbone
from pfi_client_agent.adapters.learning.memory import exhaustion_translated
from pfi_client_agent.adapters.learning.skeleton import open_skeleton
from pfi_client_agent.adapters.learning.workbench import TorchWorkbench
from pfi_client_agent.domain.training import BackboneReference
from pfi_common.errors import BackboneMismatchError
from pfi_common.tensors import Schema


class TorchLearner:
    """Learning with torch and peft. Used from one thread, the one that made it.

    Args:
        cache: Known backbone digests.
        chosen: Folder that the device's owner uses for every backbone; None: what runs name.
        threads: Threads of one operation; with 1, equal tasks give equal bits.
        held_out_limit: Most held-out rows that an evaluation takes.

    Raises:
        BackboneUnreadableError: The chosen folder holds no loadable backbone.
    """

    def __init__(
        self, cache: DigestCache, chosen: Path | None, *, threads: int, held_out_limit: int
    ) -> None:
        torch.set_num_threads(threads)
        self._cache = cache
        self._chosen = chosen
        self._held_out_limit = held_out_limit
        # What the owner chose will be needed: loaded now, it costs no round any time.
        self._backbone = None if chosen is None else self._read(chosen)
        self._workbench: TorchWorkbench | None = None

    def open(self, backbone: BackboneReference, schema: Schema) -> TorchWorkbench:
        """Load and check a backbone; see `ports.Learner`."""
        with exhaustion_translated():
            loaded = self._load(backbone)
            if self._workbench is None or self._workbench.schema.digest != schema.digest:
                self._close_workbench()
                self._workbench = TorchWorkbench(loaded, schema, self._held_out_limit)
            return self._workbench

    def _load(self, reference: BackboneReference) -> LoadedBackbone:
        if self._backbone is None or self._backbone.digest != reference.digest:
            folder = find_backbone(reference.model, reference.revision, self._chosen)
            digest = self._digest(folder)
            if digest != reference.digest:
                raise BackboneMismatchError(
                    f"The backbone in {folder} is {digest}; the run needs {reference.digest}."
                )
            # The old one is given up first: two rarely fit into memory.
            self._close_workbench()
            self._backbone = None
            self._backbone = load_backbone(folder, digest)
        return self._backbone

    def _read(self, folder: Path) -> LoadedBackbone:
        return load_backbone(folder, self._digest(folder))

    def _digest(self, folder: Path) -> str:
        return open_skeleton(folder).digest(self._cache)

    def _close_workbench(self) -> None:
        if self._workbench is not None:
            self._workbench.close()
            self._workbench = None
