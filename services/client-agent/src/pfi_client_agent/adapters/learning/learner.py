"""Makes workbenches, and keeps the last one: between two rounds nothing is loaded again."""

from pathlib import Path

import torch

from pfi_client_agent.adapters.digest_cache import DigestCache
from pfi_client_agent.adapters.learning.backbone import LoadedBackbone, load_backbone
from pfi_client_agent.adapters.learning.hub import find_backbone
from pfi_client_agent.adapters.learning.memory import exhaustion_translated
from pfi_client_agent.adapters.learning.skeleton import is_encoder, open_skeleton
from pfi_client_agent.adapters.learning.workbench import TorchWorkbench
from pfi_client_agent.domain.classification import Classification
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
        self._backbone = None if chosen is None else self._load_early(chosen)
        self._workbench: TorchWorkbench | None = None

    def open(
        self,
        backbone: BackboneReference,
        schema: Schema,
        classification: Classification | None = None,
    ) -> TorchWorkbench:
        """Load and check a backbone; see `ports.Learner`."""
        with exhaustion_translated():
            loaded = self._load(backbone, len(classification.labels) if classification else 0)
            if self._workbench is None or not self._workbench.fits(schema, classification):
                self._close_workbench()
                self._workbench = TorchWorkbench(
                    loaded, schema, self._held_out_limit, classification
                )
            return self._workbench

    def _load(self, reference: BackboneReference, label_count: int) -> LoadedBackbone:
        wanted = (reference.digest, label_count)
        if self._backbone is None or (self._backbone.digest, self._backbone.label_count) != wanted:
            folder = find_backbone(reference.model, reference.revision, self._chosen)
            digest = open_skeleton(folder, label_count).digest(self._cache)
            if digest != reference.digest:
                raise BackboneMismatchError(
                    f"The backbone in {folder} is {digest}; the run needs {reference.digest}."
                )
            # The old one is given up first: two rarely fit into memory.
            self._close_workbench()
            self._backbone = None
            self._backbone = load_backbone(folder, digest, label_count)
        return self._backbone

    def _load_early(self, folder: Path) -> LoadedBackbone | None:
        """Load what the owner chose: it will be needed, and now it costs no round any time.

        An encoder waits for a task, which says how many labels its head tells apart.
        """
        if is_encoder(folder):
            return None
        return load_backbone(folder, open_skeleton(folder).digest(self._cache))

    def _close_workbench(self) -> None:
        if self._workbench is not None:
            self._workbench.close()
            self._workbench = None
