"""The schema of a personal adapter: the shared one's tensors at a rank of its own."""

from pfi_common.tensors import Schema, Tensor


def personal_schema(shared: Schema, *, rank: int, alpha: int) -> Schema:
    """Derive the personal adapter's schema; it carries LoRA on the same modules.

    Args:
        shared: Schema of the shared adapter.
        rank: Rank of the personal adapter.
        alpha: Alpha of the personal adapter.

    Raises:
        SpecInvalidError: Rank or alpha is out of range.
    """
    tensors = tuple(Tensor(tensor.name, _at_rank(tensor, rank)) for tensor in shared.tensors)
    return Schema(tensors, rank=rank, alpha=alpha, target_modules=shared.target_modules)


def _at_rank(tensor: Tensor, rank: int) -> tuple[int, ...]:
    """Replace the rank: rows of A are (rank, in), of B (out, rank)."""
    if tensor.name.endswith(".lora_A.weight"):
        return (rank, *tensor.shape[1:])
    return (*tensor.shape[:-1], rank)
