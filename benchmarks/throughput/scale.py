"""How large a measurement is, and what a run of that size looks like."""

from dataclasses import dataclass
from typing import Any

from pfi_common.spec import Description
from pfi_common.tensors import FP32, INT8_BLOCK, Schema, Tensor, encoded_size_bytes

LAYERS = 16
WIDTH = 4096
TARGETS = ("q_proj", "v_proj")
TENSORS = 2 * LAYERS * len(TARGETS)
BYTES_PER_COORDINATE = 4
ENCODINGS = {"fp32": ("fp32", FP32), "int8": ("int8_block", INT8_BLOCK)}
"""Encodings both ways, in run specifications and on the wire, by the words of parts."""


@dataclass(frozen=True)
class Scale:
    """One measurement.

    Attributes:
        clients: Clients of every round.
        megabytes: Size of the adapter in fp32, MiB.
        kind: `fp32` or `int8` for a run of ours, `flower` for the other.
    """

    clients: int
    megabytes: int
    kind: str

    @property
    def name(self) -> str:
        """What `--parts` calls it, for instance `8x64-fp32`."""
        return f"{self.clients}x{self.megabytes}-{self.kind}"

    @property
    def words(self) -> str:
        """The same for people."""
        side = "Flower" if self.kind == "flower" else f"ours, {self.kind}"
        return f"{self.clients} x {self.megabytes} MB, {side}"

    @property
    def adapter_bytes(self) -> int:
        """Size of the adapter in fp32."""
        return self.megabytes << 20

    @property
    def coordinates(self) -> int:
        """Coordinates of the adapter."""
        return self.adapter_bytes // BYTES_PER_COORDINATE

    @property
    def round_bytes(self) -> int:
        """Payload of a round of ours: the adapter to each client, an update from each."""
        return 2 * self.clients * encoded_size_bytes(ENCODINGS[self.kind][1], self.coordinates)

    @classmethod
    def parse(cls, name: str) -> "Scale":
        """Reads a name.

        Raises:
            ValueError: It is none.
        """
        size, _, kind = name.partition("-")
        clients, _, megabytes = size.partition("x")
        if kind not in {*ENCODINGS, "flower"}:
            raise ValueError(f"{name} is no part; they look like 8x64-fp32, 8x64-int8, 8x64-flower")
        return cls(int(clients), int(megabytes), kind)


def schema_of(scale: Scale) -> Schema:
    """LoRA on two modules of 16 layers: 64 matrices, of the rank that gives the size."""
    rank, rest = divmod(scale.coordinates, TENSORS * WIDTH)
    if rest or not rank:
        raise ValueError("the size must be a multiple of 1 MiB")
    prefix = "base_model.model.model.layers"
    tensors = [
        Tensor(f"{prefix}.{layer}.self_attn.{module}.lora_{letter}.weight", shape)
        for layer in range(LAYERS)
        for module in TARGETS
        for letter, shape in (("A", (rank, WIDTH)), ("B", (WIDTH, rank)))
    ]
    ordered = sorted(tensors, key=lambda tensor: tensor.name.encode())
    return Schema(tuple(ordered), rank=rank, alpha=2 * rank, target_modules=TARGETS)


def specification(scale: Scale, rounds: int) -> dict[str, Any]:
    """A run in which nobody trains."""
    schema = schema_of(scale)
    encoding, _ = ENCODINGS[scale.kind]
    return {
        "name": scale.name,
        "backbone": {"model": "synthetic"},
        "adapter": {"rank": schema.rank, "alpha": schema.alpha},
        "local": {"steps": 1},
        "cohort": {"size": scale.clients},
        "encoding": {"upload": encoding, "download": encoding},
        "stop": {"rounds": rounds},
    }


def description(scale: Scale) -> Description:
    """What `pfi-agent describe` would say, if there were a backbone."""
    return Description(backbone_digest="0" * 64, adapter_schema=schema_of(scale), parameter_count=1)
