"""What an adapter consists of, and the digest that names it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from pfi.common.v1 import adapter_pb2
from pfi_common.errors import SchemaMismatchError
from pfi_common.tensors import schema_rules as rules

_SCHEMA_KEYS = frozenset({"alpha", "method", "rank", "target_modules", "task", "tensors"})
_TENSOR_KEYS = frozenset({"dtype", "name", "shape"})


@dataclass(frozen=True)
class Tensor:
    """One float32 tensor of an adapter.

    Attributes:
        name: Name as PEFT writes it, without an adapter name. ASCII.
        shape: Sizes, outermost first.

    Raises:
        SpecInvalidError: name or shape breaks its rule.
    """

    name: str
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        rules.check_names("tensors.name", (self.name,), 1)
        if not self.shape:
            raise rules.refuse(f"tensors.{self.name}.shape", "needs at least one size")
        for size in self.shape:
            rules.check_size(f"tensors.{self.name}.shape", size, rules.MAXIMUM_SIZE)

    @property
    def coordinate_count(self) -> int:
        """Number of coordinates."""
        return math.prod(self.shape)

    @property
    def is_lora(self) -> bool:
        """True for a LoRA matrix, false for a whole tensor of a head."""
        return self.name.endswith((".lora_A.weight", ".lora_B.weight"))

    @classmethod
    def from_document(cls, document: object) -> Tensor:
        """Reads one entry of the canonical JSON's `tensors`.

        Raises:
            SpecInvalidError: the entry breaks a rule.
        """
        item = rules.check_object("tensors", document, _TENSOR_KEYS)
        rules.check_literal("tensors.dtype", item["dtype"], "float32")
        rules.check_names("tensors.name", [item["name"]], 1)
        sizes = rules.check_list("tensors.shape", item["shape"])
        shape = (rules.check_size("tensors.shape", size, rules.MAXIMUM_SIZE) for size in sizes)
        return cls(str(item["name"]), tuple(shape))


CAUSAL_LM = "causal-lm"
SEQUENCE_CLASSIFICATION = "sequence-classification"
_TASK_TYPES: Mapping[str, adapter_pb2.TaskType.ValueType] = {
    CAUSAL_LM: adapter_pb2.TASK_TYPE_CAUSAL_LM,
    SEQUENCE_CLASSIFICATION: adapter_pb2.TASK_TYPE_SEQUENCE_CLASSIFICATION,
}
PEFT_TASK_TYPES: Mapping[str, str] = {CAUSAL_LM: "CAUSAL_LM", SEQUENCE_CLASSIFICATION: "SEQ_CLS"}
"""Tasks as PEFT's `adapter_config.json` names them."""
_PEFT_PREFIX = "base_model.model."


@dataclass(frozen=True)
class Schema:
    """Ordered tensors of an adapter and how they are applied. Immutable, and valid once made.

    Attributes:
        tensors: Sorted by name in byte order; the flat payload concatenates them so.
        rank: LoRA rank.
        alpha: LoRA alpha; the adapter's effect is scaled by alpha / rank, once.
        target_modules: Module names (suffixes) that carry an adapter; sorted, unique.
        task: What the adapter is trained for: `causal-lm` or `sequence-classification`.

    Raises:
        SpecInvalidError: a field breaks its rule; the message names it.
    """

    METHOD: ClassVar[str] = "lora"

    tensors: tuple[Tensor, ...]
    rank: int
    alpha: int
    target_modules: tuple[str, ...]
    task: str = CAUSAL_LM

    def __post_init__(self) -> None:
        if self.task not in _TASK_TYPES:
            raise rules.refuse("task", f"must be one of {', '.join(_TASK_TYPES)}")
        rules.check_size("rank", self.rank, rules.MAXIMUM_RANK)
        rules.check_size("alpha", self.alpha, rules.MAXIMUM_ALPHA)
        rules.check_names("target_modules", self.target_modules, rules.MAXIMUM_TENSORS)
        names = tuple(tensor.name for tensor in self.tensors)
        rules.check_names("tensors", names, rules.MAXIMUM_TENSORS)
        rules.check_size("coordinate_count", self.coordinate_count, rules.MAXIMUM_COORDINATES)

    @cached_property
    def coordinate_count(self) -> int:
        """Number of coordinates of the flat vector."""
        return sum(tensor.coordinate_count for tensor in self.tensors)

    @property
    def head_tensors(self) -> tuple[Tensor, ...]:
        """The tensors of a classifier's head: all that are no LoRA matrices."""
        return tuple(tensor for tensor in self.tensors if not tensor.is_lora)

    @property
    def head_modules(self) -> tuple[str, ...]:
        """Modules that hold the head, as `modules_to_save` of PEFT names them; sorted."""
        names = (tensor.name.removeprefix(_PEFT_PREFIX) for tensor in self.head_tensors)
        return tuple(sorted({name.partition(".")[0] for name in names}))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON, 64 lower-case hexadecimal digits."""
        return hashlib.sha256(self.canonical_json()).hexdigest()

    def require_digest(self, digest: str) -> None:
        """Checks that a peer means this schema.

        Raises:
            SchemaMismatchError: the digest names another schema.
        """
        if digest != self.digest:
            message = f"The adapter schema is {self.digest}, not {digest}."
            raise SchemaMismatchError(message, expected=self.digest, received=digest)

    def as_document(self) -> dict[str, object]:
        """Gives the object that the canonical JSON writes, its keys in the canonical order."""
        return {
            "alpha": self.alpha,
            "method": self.METHOD,
            "rank": self.rank,
            "target_modules": list(self.target_modules),
            "task": self.task,
            "tensors": [
                {"dtype": "float32", "name": tensor.name, "shape": list(tensor.shape)}
                for tensor in self.tensors
            ],
        }

    def canonical_json(self) -> bytes:
        """Gives the bytes that the digest is made of: ASCII, no white space, fixed key order."""
        return json.dumps(self.as_document(), separators=(",", ":")).encode("ascii")

    @classmethod
    def from_document(cls, document: object) -> Schema:
        """Reads and validates what `as_document` gives.

        Raises:
            SpecInvalidError: a key is missing, unknown, or breaks its rule.
        """
        fields = rules.check_object("schema", document, _SCHEMA_KEYS)
        rules.check_literal("method", fields["method"], cls.METHOD)
        modules = rules.check_list("target_modules", fields["target_modules"])
        rules.check_names("target_modules", modules, rules.MAXIMUM_TENSORS)
        return cls(
            tensors=tuple(
                Tensor.from_document(item)
                for item in rules.check_list("tensors", fields["tensors"])
            ),
            rank=rules.check_size("rank", fields["rank"], rules.MAXIMUM_RANK),
            alpha=rules.check_size("alpha", fields["alpha"], rules.MAXIMUM_ALPHA),
            target_modules=tuple(map(str, modules)),
            task=str(fields["task"]),
        )

    @classmethod
    def from_json(cls, data: bytes | str) -> Schema:
        """Reads and validates the canonical JSON, or the same object written otherwise.

        Raises:
            SpecInvalidError: it is not JSON, or a field breaks its rule.
        """
        try:
            document = json.loads(data)
        except ValueError as error:
            raise rules.refuse("schema", "must be JSON") from error
        return cls.from_document(document)

    def to_proto(self) -> adapter_pb2.AdapterSchema:
        """Writes the protobuf message, which is the caller's own."""
        message = adapter_pb2.AdapterSchema()
        message.CopyFrom(self._message)
        return message

    @cached_property
    def _message(self) -> adapter_pb2.AdapterSchema:
        """Written once: every task of a run carries it."""
        return adapter_pb2.AdapterSchema(
            tensors=[
                adapter_pb2.TensorSpec(name=tensor.name, shape=tensor.shape)
                for tensor in self.tensors
            ],
            rank=self.rank,
            alpha=self.alpha,
            target_modules=self.target_modules,
            task_type=_TASK_TYPES[self.task],
        )

    @classmethod
    def from_proto(cls, message: adapter_pb2.AdapterSchema) -> Schema:
        """Reads and validates the protobuf message.

        Raises:
            SpecInvalidError: a field breaks its rule.
        """
        tasks = [task for task, kind in _TASK_TYPES.items() if kind == message.task_type]
        if not tasks:
            raise rules.refuse("task_type", "must be a task that is known")
        return cls(
            tensors=tuple(Tensor(item.name, tuple(item.shape)) for item in message.tensors),
            rank=message.rank,
            alpha=message.alpha,
            target_modules=tuple(message.target_modules),
            task=tasks[0],
        )
