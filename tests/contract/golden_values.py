"""Values that other implementations and stored data rest on, made from fixed inputs.

`python -m tests.contract.golden_values` writes tests/regression/golden/values.json. A difference in
an entry that was there before means that stored adapters, tokens or clients no longer fit.
"""

import hashlib
import json
from collections.abc import Callable

import numpy as np
from tests.contract.golden_messages import FOLDER

from pfi_common.identity.tokens import JoinToken
from pfi_common.tensors import (
    BF16,
    FP32,
    INT4_BLOCK,
    INT8_BLOCK,
    Schema,
    Tensor,
    accumulate,
    clip_factor,
    encode,
    initial_adapter,
    mean,
    plan_fixed_point,
    sketch,
)

FILE = FOLDER / "values.json"
SEED = 20260101


def schema() -> Schema:
    """A small LoRA schema with a head beside it."""
    prefix = "base_model.model.model.layers.0.self_attn.q_proj"
    return Schema(
        tensors=(
            Tensor("base_model.model.lm_head.weight", (5, 8)),
            Tensor(f"{prefix}.lora_A.weight", (4, 80)),
            Tensor(f"{prefix}.lora_B.weight", (80, 4)),
        ),
        rank=4,
        alpha=8,
        target_modules=("q_proj",),
    )


def vector(shift: int = 0) -> np.ndarray:
    """700 coordinates of many magnitudes and both signs; three int8 blocks, the last one short."""
    steps = np.arange(700) + shift
    return (((steps * 7919) % 2003 - 1001) * 2.0 ** -(steps % 17 + 4)).astype(np.float32)


def merged() -> np.ndarray:
    """The mean of three updates, one of them clipped."""
    plan = plan_fixed_point(coordinate_limit=100.0, maximum_updates=3, max_weight=4096)
    total = np.zeros(700, dtype=np.int64)
    weights = (3 * 256, 100 * 256, 4096 * 256)
    for number, weight in enumerate(weights):
        factor = clip_factor(1000.0, 250.0) if number == 1 else clip_factor(1.0, None)
        accumulate(total, vector(number), factor, weight, plan.fraction_bits)
    return mean(total, sum(weights), plan.fraction_bits)


def sha256(data: bytes) -> str:
    """Hexadecimal digest."""
    return hashlib.sha256(data).hexdigest()


def fp32_bytes(values: np.ndarray) -> bytes:
    """Little-endian binary32."""
    return values.astype("<f4").tobytes()


VALUES: dict[str, Callable[[], str]] = {
    "schema canonical JSON": lambda: schema().canonical_json().decode(),
    "schema digest": lambda: schema().digest,
    "version 0, SHA-256 of fp32": lambda: sha256(fp32_bytes(initial_adapter(schema(), SEED))),
    "vector, fp32": lambda: sha256(encode(FP32, vector())),
    "vector, bf16": lambda: sha256(encode(BF16, vector())),
    "vector, int8 nearest": lambda: sha256(encode(INT8_BLOCK, vector())),
    "vector, int8 stochastic": lambda: sha256(encode(INT8_BLOCK, vector(), seed=SEED)),
    "vector, int8 first bytes": lambda: bytes(encode(INT8_BLOCK, vector())[:20]).hex(),
    "vector, int4 nearest": lambda: sha256(encode(INT4_BLOCK, vector())),
    "vector, int4 stochastic": lambda: sha256(encode(INT4_BLOCK, vector(), seed=SEED)),
    "vector, int4 first bytes": lambda: bytes(encode(INT4_BLOCK, vector())[:20]).hex(),
    "merge, SHA-256 of fp32": lambda: sha256(fp32_bytes(merged())),
    "sketch, fp32": lambda: fp32_bytes(sketch(vector()[:680], schema(), SEED, 8)).hex(),
    "sketch of 64, SHA-256 of fp32": lambda: sha256(
        fp32_bytes(sketch(vector()[:680], schema(), SEED, 64))
    ),
    "join token": lambda: JoinToken("example.test:7001", "ab" * 32, "secret").encode(),
}


def main() -> None:
    """Writes the golden file."""
    text = json.dumps({name: make() for name, make in VALUES.items()}, indent=1)
    FILE.write_text(text + "\n")


if __name__ == "__main__":
    main()
