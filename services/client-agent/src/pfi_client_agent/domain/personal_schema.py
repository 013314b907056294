"""The schema of a personal adapter: the shared one's LoRA at a rank of its own, maybe a head."""

from collections.abc import Sequence

from pfi_common.tensors import Schema, Tensor


def personal_schema(
    shared: Schema, *, rank: int, alpha: int, head: Sequence[Tensor] = ()
) -> Schema:
    """Derive the personal adapter's schema; it carries LoRA on the same modules.

    Args:
        shared: Schema of the shared adapter.
        rank: Rank of the personal adapter.
        alpha: Alpha of the personal adapter.
        head: Tensors of a personal head; a shared one belongs to the shared adapter alone.

    Raises:
        SpecInvalidError: Rank or alpha is out of range.
    """
    lora = (
        Tensor(tensor.name, _at_rank(tensor, rank)) for tensor in shared.tensors if tensor.is_lora
    )
    tensors = tuple(sorted((*lora, *head), key=lambda tensor: tensor.name))
    return Schema(tensors, rank, alpha, shared.target_modules, shared.task)


def _at_rank(tensor: Tensor, rank: int) -> tuple[int, ...]:
    """Replace the rank: rows of A are (rank, in), of B (out, rank)."""
    if tensor.name.endswith(".lora_A.weight"):
        return (rank, *tensor.shape[1:])
    return (*tensor.shape[:-1], rank)
