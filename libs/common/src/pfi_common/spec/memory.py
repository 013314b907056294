"""How much memory training takes: an upper estimate from sizes alone."""

from __future__ import annotations

from dataclasses import dataclass

from pfi_common.errors import SpecInvalidError
from pfi_common.spec.backbone_sizes import BackboneSizes
from pfi_common.spec.client_parts import DualAdapter
from pfi_common.spec.description import Description
from pfi_common.spec.run_spec import RunSpec
from pfi_common.tensors import Schema

FLOAT32_BYTES, BFLOAT16_BYTES = 4, 2
RUNTIME_BYTES = 1_000_000_000
"""Torch with its libraries, and on a GPU its context and kernels."""
FRAGMENTATION = 1.1
"""Allocators hand memory out in blocks and keep gaps between them."""

Carriers = tuple[tuple[int, int], ...]
"""Sizes (outputs, inputs) of each weight that LoRA matrices stand beside."""


@dataclass(frozen=True, slots=True)
class MemoryEstimate:
    """Bytes by what they are for.

    Attributes:
        weights_bytes: Frozen backbone.
        adapters_bytes: LoRA matrices, their gradients and AdamW's two moments.
        activations_bytes: What the backward pass needs of every block.
        logits_bytes: Logits of a micro-batch, in the loss and its gradient.
    """

    weights_bytes: int
    adapters_bytes: int
    activations_bytes: int
    logits_bytes: int

    @property
    def total_bytes(self) -> int:
        """All of it, with the runtime and what an allocator loses."""
        parts = (
            self.weights_bytes + self.adapters_bytes + self.activations_bytes + self.logits_bytes
        )
        return RUNTIME_BYTES + round(FRAGMENTATION * parts)


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """What the memory of a local step depends on, beside the specification.

    Attributes:
        parameter_count: Numbers in the backbone.
        sizes: Its widths.
        carriers: Weights that LoRA matrices stand beside.
    """

    parameter_count: int
    sizes: BackboneSizes
    carriers: Carriers

    def adapter_coordinates(self, rank: int) -> int:
        """Numbers in LoRA matrices of a rank."""
        return sum(rank * sum(shape) for shape in self.carriers)


def estimate_memory(
    spec: RunSpec, model: TrainedModel, element_bytes: int, *, rank: int, checkpointing: bool
) -> MemoryEstimate:
    """Estimates the peak of a local step.

    With t tokens in a micro-batch (`batch_size * maximum_tokens`), width h, inner width f, l
    blocks, v logits, e bytes an element, and P numbers in an adapter:

    * weights: e bytes for each parameter;
    * adapters: 4 P for each that is loaded, 12 P for the one that is trained (gradient, two
      moments), and 4 P for the proximal term's copy;
    * activations of a block: (8 h + 4 e h + 3 e f + 4 i) t, i the widths of the inputs of its LoRA
      matrices and their rank: what the two norms, the attention (which keeps no t x t matrix) and
      the gated feed-forward part save for the backward pass;
    * with gradient checkpointing: e h t a block for its input, and one whole block;
    * logits: (8 + e) v t, for log-probabilities, their gradient and the logits themselves.

    The formula of a block was checked against the tensors that autograd saves (Llama, PyTorch
    2.13): 1 % low in bfloat16, up to 11 % high in float32.

    Args:
        spec: The run.
        model: The backbone, and where adapters stand in it.
        element_bytes: Of a weight and an activation: 2 in bfloat16, 4 in float32.
        rank: Rank that the device trains.
        checkpointing: Whether activations are computed again in the backward pass.
    """
    sizes = model.sizes
    longest = min(spec.local.maximum_tokens, sizes.positions or spec.local.maximum_tokens)
    tokens = spec.local.batch_size * longest
    block = _block_bytes_per_token(model, element_bytes, rank)
    kept = element_bytes * sizes.hidden * sizes.layers + block if checkpointing else 0
    return MemoryEstimate(
        weights_bytes=element_bytes * model.parameter_count,
        adapters_bytes=_adapters_bytes(spec, model, rank),
        activations_bytes=round(tokens * (kept or block * sizes.layers)),
        logits_bytes=_logits(spec, sizes, tokens) * (2 * FLOAT32_BYTES + element_bytes),
    )


def estimate_described(
    spec: RunSpec, description: Description, element_bytes: int, device_class: str = ""
) -> MemoryEstimate:
    """Estimates the peak of a local step of a run on devices of a class.

    Raises:
        SpecInvalidError: The description was made by a version that did not tell the sizes.
    """
    if description.sizes is None:
        raise SpecInvalidError(
            "the description does not tell the backbone's sizes; make it anew with `pfi-agent"
            " describe`, or name a number of bytes in cohort.eligible.memory",
            field="description.sizes",
        )
    schema = description.adapter_schema
    model = TrainedModel(description.parameter_count, description.sizes, carriers_of(schema))
    return estimate_memory(
        spec,
        model,
        element_bytes,
        rank=spec.adapter.rank_for.get(device_class, spec.adapter.rank),
        checkpointing=spec.local.gradient_checkpointing,
    )


def carriers_of(schema: Schema) -> Carriers:
    """Gives the weights that a schema's LoRA matrices stand beside."""
    inputs = [item.shape[1] for item in schema.tensors if item.name.endswith(".lora_A.weight")]
    outputs = [item.shape[0] for item in schema.tensors if item.name.endswith(".lora_B.weight")]
    return tuple(zip(outputs, inputs, strict=True))


def _logits(spec: RunSpec, sizes: BackboneSizes, tokens: int) -> int:
    if spec.classification is None:
        return tokens * sizes.vocabulary
    return spec.local.batch_size * len(spec.classification.labels)


def _block_bytes_per_token(model: TrainedModel, element_bytes: int, rank: int) -> float:
    sizes = model.sizes
    inputs = sum(shape[1] + rank for shape in model.carriers) / max(1, sizes.layers)
    return (
        2 * FLOAT32_BYTES * sizes.hidden
        + 4 * element_bytes * sizes.hidden
        + 3 * element_bytes * sizes.inner
        + FLOAT32_BYTES * inputs
    )


def _adapters_bytes(spec: RunSpec, model: TrainedModel, rank: int) -> int:
    trained = model.adapter_coordinates(rank)
    # A stack's clients train a fresh adapter beside the shared one, which has another rank.
    stacked = spec.aggregate.product == "stack"
    frozen = model.adapter_coordinates(spec.shared_rank) if stacked else 0
    personal = 0
    if isinstance(spec.personalize, DualAdapter):
        personal = model.adapter_coordinates(spec.personalize.rank)
    copies = trained if spec.local.proximal_mu > 0 else 0
    return FLOAT32_BYTES * (frozen + trained + personal + copies + 3 * max(trained, personal))
