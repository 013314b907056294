"""Products of factors and ranks of clients that do not go with the rest, each with the reason."""

from __future__ import annotations

from collections.abc import Iterator

from pfi_common.spec.cluster_parts import UpdateSimilarity
from pfi_common.spec.run_spec import RunSpec
from pfi_common.spec.server_optimizers import ServerSgd

_PLAIN = ServerSgd()


def product_problems(spec: RunSpec) -> Iterator[str]:
    """Finds what a run's product of factors and its ranks do not go together with."""
    if spec.aggregate.product == "stack":
        yield from _stack_problems(spec)
    elif spec.aggregate.maximum_rank is not None:
        yield (
            f"aggregate.maximum_rank with product {spec.aggregate.product}: the shared adapter has"
            " the rank adapter.rank, so it would do nothing. Remove it, or use product stack."
        )
    if spec.aggregate.product != "factors" and spec.server_optimizer != _PLAIN:
        yield (
            f"server_optimizer {spec.server_optimizer.name} with aggregate.product"
            f" {spec.aggregate.product}: the product makes other factors every round, and only"
            " their product means something, so a step or moments of single factors would mix what"
            " does not belong together. Use sgd with learning_rate 1 and momentum 0, or product"
            " factors."
        )
    if spec.adapter.rank_for:
        yield from _rank_problems(spec)


def _stack_problems(spec: RunSpec) -> Iterator[str]:
    highest = spec.aggregate.maximum_rank
    if highest is None:
        yield (
            "aggregate.product stack without maximum_rank: stacked adapters grow by every update"
            f" and have to be cut to a rank. For instance {4 * spec.adapter.rank} keeps four of"
            " them whole."
        )
    elif highest < spec.adapter.rank:
        yield (
            f"aggregate.maximum_rank {highest} is below adapter.rank {spec.adapter.rank}: the"
            " shared adapter could not even hold one client's. Raise maximum_rank or lower rank."
        )
    if spec.aggregate.clip_norm is not None:
        yield (
            "aggregate.clip_norm with product stack: an update is a whole adapter, whose factor A"
            " begins at random values, so its norm says nothing of the change. Remove clip_norm,"
            " or use product svd."
        )


def _rank_problems(spec: RunSpec) -> Iterator[str]:
    for name, rank in sorted(spec.adapter.rank_for.items()):
        if rank > spec.adapter.rank:
            yield (
                f"adapter.rank_for.{name} {rank} is above adapter.rank {spec.adapter.rank}: what a"
                " client trains beyond the rank has no place in the shared adapter. Raise"
                " adapter.rank, or lower the class's."
            )
    if spec.aggregate.rule != "mean":
        yield (
            f"adapter.rank_for with aggregate.rule {spec.aggregate.rule}: a client of a small rank"
            " says nothing of the columns that it lacks, which a robust rule would take for a vote"
            " to change nothing. Remove rank_for, or use rule mean."
        )
    if isinstance(spec.cluster, UpdateSimilarity):
        yield (
            "adapter.rank_for with cluster.method update_similarity: updates of several ranks lack"
            " different columns, so devices would be grouped by their classes rather than by their"
            " rows. Remove rank_for, or use cluster.method none."
        )
