"""Adapters as flat vectors: schema, version 0, encodings, and the exact merge.

Needs numpy and protobuf; neither torch nor grpc.
"""

from pfi_common.tensors.accumulator import Accumulator
from pfi_common.tensors.encoding import (
    BF16,
    FP32,
    INT4_BLOCK,
    INT8_BLOCK,
    RANGE_BLOCK,
    decode,
    decode_piece,
    decode_range,
    decode_with,
    encode,
    encoded_size_bytes,
    range_bytes,
    scratch_size,
)
from pfi_common.tensors.exact_mean import mean
from pfi_common.tensors.fixed_point import (
    FULL_CLIP_FACTOR,
    WEIGHT_UNITS_PER_EXAMPLE,
    FixedPoint,
    accumulate,
    clip_factor,
    count_weight,
    plan_fixed_point,
    withdraw,
)
from pfi_common.tensors.initial import initial_adapter
from pfi_common.tensors.kept_memory import KeptMemory
from pfi_common.tensors.lora import (
    LoraModule,
    Placed,
    at_rank,
    lora_modules,
    placed_tensors,
    view,
)
from pfi_common.tensors.payload import adapter_digest, flatten, unflatten
from pfi_common.tensors.rank_change import RankChange
from pfi_common.tensors.scan import PayloadScanner, ScanResult, TakeBlock
from pfi_common.tensors.schema import (
    CAUSAL_LM,
    PEFT_TASK_TYPES,
    SEQUENCE_CLASSIFICATION,
    Schema,
    Tensor,
)
from pfi_common.tensors.sketch import MAXIMUM_DIMENSIONS, Sketcher, sketch

__all__ = [
    "BF16",
    "CAUSAL_LM",
    "FP32",
    "FULL_CLIP_FACTOR",
    "INT4_BLOCK",
    "INT8_BLOCK",
    "MAXIMUM_DIMENSIONS",
    "PEFT_TASK_TYPES",
    "RANGE_BLOCK",
    "SEQUENCE_CLASSIFICATION",
    "WEIGHT_UNITS_PER_EXAMPLE",
    "Accumulator",
    "FixedPoint",
    "KeptMemory",
    "LoraModule",
    "PayloadScanner",
    "Placed",
    "RankChange",
    "ScanResult",
    "Schema",
    "Sketcher",
    "TakeBlock",
    "Tensor",
    "accumulate",
    "adapter_digest",
    "at_rank",
    "clip_factor",
    "count_weight",
    "decode",
    "decode_piece",
    "decode_range",
    "decode_with",
    "encode",
    "encoded_size_bytes",
    "flatten",
    "initial_adapter",
    "lora_modules",
    "mean",
    "placed_tensors",
    "plan_fixed_point",
    "range_bytes",
    "scratch_size",
    "sketch",
    "unflatten",
    "view",
    "withdraw",
]
