"""Writes safetensors files by hand, so that tests need no library and can write wrong ones."""

import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np


def safetensors_bytes(tensors: Mapping[str, Any], *, dtype: str = "F32") -> bytes:
    """The file for float32 arrays by name, in the order given."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    body = b""
    for name, values in tensors.items():
        array = np.asarray(values, dtype="<f4")
        data = array.tobytes()
        offsets = [len(body), len(body) + len(data)]
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": offsets}
        body += data
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body
