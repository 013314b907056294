"""How much memory training takes: an upper estimate from sizes alone."""

from dataclasses import dataclass

from pfi_cli.doctor.memory.weights import BackboneSize
from pfi_common.spec import RunSpec
from pfi_common.spec.client_parts import DualAdapter

FLOAT_BYTES = 4
RUNTIME_BYTES = 1_000_000_000
"""Torch with its libraries, and on a GPU its context and kernels."""
FRAGMENTATION = 1.1
"""Allocators hand memory out in blocks and keep gaps between them."""


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


def estimate(
    spec: RunSpec, size: BackboneSize, element_bytes: int, *, checkpointing: bool
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
        size: Of the backbone.
        element_bytes: Of a weight and an activation: 2 in bfloat16, 4 in float32.
        checkpointing: Whether activations are computed again in the backward pass.
    """
    longest = min(spec.local.maximum_tokens, size.positions or spec.local.maximum_tokens)
    tokens = spec.local.batch_size * longest
    block = _block_bytes_per_token(spec, size, element_bytes)
    kept = element_bytes * size.hidden * size.layers + block if checkpointing else 0
    return MemoryEstimate(
        weights_bytes=element_bytes * size.parameter_count,
        adapters_bytes=_adapters_bytes(spec, size),
        activations_bytes=round(tokens * (kept or block * size.layers)),
        logits_bytes=tokens * size.vocabulary * (2 * FLOAT_BYTES + element_bytes),
    )


def _block_bytes_per_token(spec: RunSpec, size: BackboneSize, element_bytes: int) -> float:
    carriers = size.carriers(spec.adapter.target_modules)
    inputs = sum(shape[1] + spec.adapter.rank for shape in carriers) / max(1, size.layers)
    return (
        2 * FLOAT_BYTES * size.hidden
        + 4 * element_bytes * size.hidden
        + 3 * element_bytes * size.inner
        + FLOAT_BYTES * inputs
    )


def _adapters_bytes(spec: RunSpec, size: BackboneSize) -> int:
    targets = spec.adapter.target_modules
    trained = size.adapter_coordinates(targets, spec.adapter.rank)
    # A stack's clients train a fresh adapter beside the shared one, which has another rank.
    stacked = spec.aggregate.product == "stack"
    frozen = size.adapter_coordinates(targets, spec.shared_rank) if stacked else 0
    personal = 0
    if isinstance(spec.personalize, DualAdapter):
        personal = size.adapter_coordinates(targets, spec.personalize.rank)
    copies = trained if spec.local.proximal_mu > 0 else 0
    return FLOAT_BYTES * (frozen + trained + personal + copies + 3 * max(trained, personal))
