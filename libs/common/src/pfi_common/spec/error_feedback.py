"""What error feedback does not go together with."""

from __future__ import annotations

from collections.abc import Iterator

from pfi_common.spec.aggregate_parts import KrumAggregate, MultiKrumAggregate
from pfi_common.spec.encoding_parts import ENCODINGS, feeds_error_back
from pfi_common.spec.run_spec import RunSpec

_REMEDY = "Set encoding.error_feedback to false, or use int8_block, which needs none."


def error_feedback_problems(spec: RunSpec) -> Iterator[str]:
    """Finds products and rules under which what was lost earlier has no place in the next update.

    What is lost is a change of the factors A and B as they were. `svd` and `stack` factorise the
    adapter anew in every round: columns turn and change places, and the same numbers mean another
    change. And it is what a change lost that the shared adapter got: Krum and multi-Krum leave
    whole updates out that were counted, so that only what they lost would come, a round later.
    """
    if not feeds_error_back(spec.encoding, ENCODINGS[spec.encoding.upload]):
        return
    aggregate, product = spec.aggregate, spec.aggregate.product
    if product != "factors":
        yield (
            f"encoding.upload {spec.encoding.upload} with aggregate.product {product}: error"
            " feedback adds what was lost of one round's factors to the next, and this product"
            f" makes other factors every round. {_REMEDY}"
        )
    if isinstance(aggregate, KrumAggregate | MultiKrumAggregate):
        yield (
            f"encoding.upload {spec.encoding.upload} with aggregate.rule {aggregate.rule}: error"
            " feedback adds what a counted update lost to the client's next one, and this rule"
            " leaves counted updates out, so that the next one would mend a change that never came."
            f" {_REMEDY}"
        )
