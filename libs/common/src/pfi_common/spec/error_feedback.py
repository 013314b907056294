"""What error feedback does not go together with."""

from __future__ import annotations

from collections.abc import Iterator

from pfi_common.spec.encoding_parts import ENCODINGS, feeds_error_back
from pfi_common.spec.run_spec import RunSpec


def error_feedback_problems(spec: RunSpec) -> Iterator[str]:
    """Finds products of factors under which what was lost earlier has no place in the next update.

    What is lost is a change of the factors A and B as they were. `svd` and `stack` factorise the
    adapter anew in every round: columns turn and change places, and the same numbers mean another
    change.
    """
    product = spec.aggregate.product
    feeds_back = feeds_error_back(spec.encoding, ENCODINGS[spec.encoding.upload])
    if feeds_back and product != "factors":
        yield (
            f"encoding.upload {spec.encoding.upload} with aggregate.product {product}: error"
            " feedback adds what was lost of one round's factors to the next, and this product"
            " makes other factors every round. Set encoding.error_feedback to false, or use"
            " int8_block, which needs none."
        )
