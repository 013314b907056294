"""How fast updates are summed, by encoding, beside the memory of the machine."""

import os
import time
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.folding.spooled import fold_spooled
from benchmarks.result import Result, Row, Target
from pfi_common.tensors import (
    BF16,
    FP32,
    FULL_CLIP_FACTOR,
    INT4_BLOCK,
    INT8_BLOCK,
    RANGE_BLOCK,
    Accumulator,
    decode_with,
    encode,
    encoded_size_bytes,
    scratch_size,
)
from pfi_common.tensors.encoding import EncodingValue

COORDINATES = 1 << 24
ENCODINGS = {"fp32": FP32, "bf16": BF16, "int8_block": INT8_BLOCK, "int4_block": INT4_BLOCK}
FRACTION_BITS, WEIGHT_UNITS = 32, 25_600
DEVIATION = 1e-3
TARGET = 2.5
GIGABYTES = 4 * COORDINATES / 1e9
NOTES = (
    "A gigabyte is one of fp32: 250 M coordinates, whatever their encoding. Rates are those of one "
    "core's CPU time, so that what else runs on the machine shows less; memory is copied in turn "
    "with every fold.",
    "numpy, not numba: numba and llvmlite take about 150 MB of memory, more than the rest of an "
    "aggregator, and what a compiled loop gains is lost beside reading, decrypting and hashing "
    "(the rows of committed files).",
)


def measure(runs: int = 5) -> Result:
    """Folds a payload in memory, and a committed file of the spool, of each encoding."""
    rng = np.random.default_rng(11)
    vector = rng.standard_normal(COORDINATES, dtype=np.float32) * np.float32(DEVIATION)
    copy = np.empty_like(vector)
    rates: dict[str, list[float]] = {}

    def note(what: str, work: Callable[[], object]) -> None:
        rates.setdefault(what, []).append(GIGABYTES / _cpu_seconds(work))

    payloads = {name: encode(encoding, vector, seed=1) for name, encoding in ENCODINGS.items()}
    copy[:] = vector
    for name, encoding in ENCODINGS.items():
        sums = Accumulator(COORDINATES, FRACTION_BITS)
        _fold(sums, encoding, payloads[name])  # touches the memory
        with fold_spooled(encoding, payloads[name], COORDINATES) as spooled:
            spooled()
            for _ in range(runs):
                note("memory copied", lambda: np.copyto(copy, vector))
                in_memory = partial(_fold, sums, encoding, payloads[name])
                note(f"{name}: decoded and summed", in_memory)
                note(f"{name}: committed file, with decryption and SHA-256", spooled)
    return _result(rates)


def _cpu_seconds(work: Callable[[], object]) -> float:
    begun = time.thread_time()
    work()
    return time.thread_time() - begun


def _fold(sums: Accumulator, encoding: EncodingValue, payload: bytes) -> None:
    sums.add(_ranges(encoding, payload), FULL_CLIP_FACTOR, WEIGHT_UNITS, 1.0)


def _ranges(encoding: EncodingValue, payload: bytes) -> Iterator[NDArray[np.float32]]:
    scratch = np.empty(scratch_size(RANGE_BLOCK), dtype=np.float32)
    block_bytes, view = encoded_size_bytes(encoding, RANGE_BLOCK), memoryview(payload)
    for start in range(0, len(payload), block_bytes):
        yield decode_with(scratch, encoding, view[start : start + block_bytes], RANGE_BLOCK)


def _result(rates: dict[str, list[float]]) -> Result:
    rows = [Row.of(what, "GB/s", values) for what, values in rates.items()]
    fold = next(row for row in rows if row.what == "fp32: decoded and summed")
    return Result(
        name="fold",
        about="Updates of 16.8 M coordinates summed in 64-bit fixed point, exactly, on one core.",
        rows=rows,
        targets=[
            Target(
                "updates summed on one core",
                "Targets at least 5 (numba) or 2.5 (numpy) fp32",
                f"{fold.median:.2f} GB/s fp32 (numpy)",
                fold.median >= TARGET,
            )
        ],
        notes=NOTES,
        measured={"load_after": round(os.getloadavg()[0], 2)},
    )
