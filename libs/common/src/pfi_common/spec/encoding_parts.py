"""How payloads travel: what a run asks for, and what a client and it agree on."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from pfi_common.spec.part import SpecPart
from pfi_common.tensors import BF16, FP32, INT4_BLOCK, INT8_BLOCK
from pfi_common.tensors.encoding import EncodingValue

ENCODINGS: dict[str, EncodingValue] = {
    "int4_block": INT4_BLOCK,
    "int8_block": INT8_BLOCK,
    "bf16": BF16,
    "fp32": FP32,
}
"""Wire values by name, the one that loses most first."""


class Encoding(SpecPart):
    """How payloads are written."""

    upload: Literal["fp32", "bf16", "int8_block", "int4_block"] = "fp32"
    """Encoding of updates; a client that cannot write it uses the next one that loses less"""
    download: Literal["fp32", "bf16", "int8_block"] = "fp32"
    """Form of the adapters that clients train from, are evaluated with and answer with"""
    error_feedback: Literal["auto", False] = "auto"
    """Whether what int4_block loses of a counted update is added to the client's next one"""


def agreed_upload(wished: str, offered: Collection[str]) -> str | None:
    """Gives the encoding of one client's updates; None when it has none that would do.

    It is the run's where the client has it, else the next that loses less, never one that loses
    more.

    Args:
        wished: The run's `encoding.upload`.
        offered: What the client can write.
    """
    return next((name for name in acceptable_uploads(wished) if name in offered), None)


def acceptable_uploads(wished: str) -> tuple[str, ...]:
    """Gives the encodings of which a client must have one, the run's first."""
    names = tuple(ENCODINGS)
    return names[names.index(wished) :]


def feeds_error_back(encoding: Encoding, agreed: EncodingValue) -> bool:
    """Tells whether a client adds what its encoding lost of a counted update to the next one.

    The sources are Seide et al. 2014, "1-Bit Stochastic Gradient Descent and its Application to
    Data-Parallel Distributed Training of Speech DNNs", and Karimireddy et al. 2019, "Error Feedback
    Fixes SignSGD and other Gradient Compression Schemes", algorithm 2. int8_block needs none: it
    rounds at random, without bias.
    """
    return encoding.error_feedback == "auto" and agreed == INT4_BLOCK
