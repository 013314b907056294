"""Backbones that can chat, adapters for them, and answers without torch."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tests.support.client_agent.backbones import byte_tokenizer, write_backbone

from pfi_client_agent.adapters.digest_cache import DigestCache
from pfi_client_agent.adapters.learning.lora import lora_schema
from pfi_client_agent.adapters.learning.skeleton import open_skeleton
from pfi_client_agent.domain.answering import AdapterWeights, Ending, Prompt, Sampling
from pfi_client_agent.domain.training import BackboneReference
from pfi_common.errors import (
    AdapterInvalidError,
    BackboneMismatchError,
    PromptTooLongError,
    SchemaMismatchError,
)
from pfi_common.spec import parse_run_spec
from pfi_common.tensors import Schema

CHAT_TEMPLATE = (
    "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant:{% endif %}"
)


@dataclass(frozen=True)
class ChatBackbone:
    """A tiny random backbone with a chat template: its answers are gibberish, and always equal."""

    folder: Path
    reference: BackboneReference

    def schema(self, rank=4, alpha=8, targets=("q_proj", "v_proj")) -> Schema:
        document = {
            "name": "tiny",
            "backbone": {"model": str(self.folder)},
            "adapter": {"rank": rank, "alpha": alpha, "target_modules": list(targets)},
        }
        return lora_schema(open_skeleton(self.folder).model, parse_run_spec(document).adapter)


def write_chat_backbone(folder: Path, kind="qwen2", *, tied=False, seed=0) -> ChatBackbone:
    """Write a backbone that can chat."""
    write_backbone(folder, kind, tied=tied, seed=seed)
    config = json.loads((folder / "config.json").read_text())
    if "max_position_embeddings" in config:
        # One token a byte: room for a passage and what introduces it.
        config["max_position_embeddings"] = 1024
        (folder / "config.json").write_text(json.dumps(config))
    byte_tokenizer(CHAT_TEMPLATE).save_pretrained(folder)
    digest = open_skeleton(folder).digest(DigestCache(folder.with_name(folder.name + ".json")))
    return ChatBackbone(folder, BackboneReference(str(folder), "", digest))


def random_adapter(schema: Schema, seed: int, scale: float = 0.3) -> AdapterWeights:
    """An adapter that changes what is answered: neither matrix is zero."""
    values = np.random.default_rng(seed).normal(scale=scale, size=schema.coordinate_count)
    return AdapterWeights(schema, values.astype(np.float32))


class MemoryAnswerEngine:
    """In-memory twin of `pfi_client_agent.application.ports.AnswerEngine`.

    It answers with words that follow from the adapters and the question alone.

    Args:
        reference: The one backbone that it has.
        targets: Target modules that fit it.
        positions: Words that it reads and writes together.

    Attributes:
        positions: The same.
        before_word: Called before each word; a test may wait or raise in it.
        cancellations: So many answers were cancelled.
        words: So many words were begun.
    """

    def __init__(
        self, reference: BackboneReference, targets=(("q_proj", "v_proj"),), positions=256
    ) -> None:
        self._reference = reference
        self._targets = targets
        self.positions = positions
        self._layers: tuple[AdapterWeights, ...] = ()
        self._loaded = False
        self.before_word: Callable[[], None] = lambda: None
        self.cancellations = 0
        self.words = 0

    @property
    def backbone_digest(self) -> str | None:
        return self._reference.digest if self._loaded else None

    def load(self, backbone: BackboneReference | None) -> None:
        if backbone is not None and backbone.digest != self._reference.digest:
            raise BackboneMismatchError
        self._loaded = True

    def check(self, layers: Sequence[AdapterWeights]) -> None:
        for layer in layers:
            if layer.schema.target_modules not in self._targets:
                raise SchemaMismatchError
            if layer.vector.shape != (layer.schema.coordinate_count,):
                raise AdapterInvalidError
            if not np.isfinite(layer.vector).all():
                raise AdapterInvalidError

    def apply(self, layers: Sequence[AdapterWeights]) -> None:
        self.check(layers)
        self._layers = tuple(layers)

    def answer(
        self, prompt: Prompt, sampling: Sampling, cancelled: Callable[[], bool]
    ) -> Iterator[str | Ending]:
        read = [word for message in prompt.messages for word in message.content.split()]
        if len(read) + 1 > self.positions:
            raise PromptTooLongError
        limit = min(sampling.maximum_tokens or 64, self.positions - len(read))
        said, written, reason = "", 0, "length"
        for number in range(limit):
            self.words += 1
            self.before_word()
            if cancelled():
                self.cancellations += 1
                return
            word = f"{self._word(read, sampling, number)} "
            ends = [at for stop in sampling.stop if (at := (said + word).find(stop)) >= 0]
            written += 1
            if ends:
                reason = "stop"
                if rest := (said + word)[len(said) : min(ends)]:
                    yield rest
                break
            said += word
            yield word
        yield Ending(reason, len(read), written, len(prompt.passages))

    def _word(self, read: Sequence[str], sampling: Sampling, number: int) -> str:
        drawn = np.random.default_rng(sampling.seed).integers(1 << 32)
        state = hashlib.sha256(repr((read, number)).encode())
        for layer in self._layers:
            state.update(layer.vector.tobytes())
        if sampling.temperature > 0:
            state.update(drawn.tobytes())
        return state.hexdigest()[:6]
