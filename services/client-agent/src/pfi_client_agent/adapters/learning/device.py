"""Which devices this machine trains on, and what they have."""

import os
from typing import Any

import torch

from pfi_client_agent.adapters.learning.backbone import choose_device


def describe_devices() -> list[dict[str, Any]]:
    """Tell name, kind, memory and number type of every device; the one that is used comes first."""
    _, dtype = choose_device()
    element = str(dtype).removeprefix("torch.")
    if torch.cuda.is_available():
        return [_gpu(index, element) for index in range(torch.cuda.device_count())]
    page_bytes = os.sysconf("SC_PAGE_SIZE")
    return [
        {
            "name": f"{os.cpu_count()} processors",
            "kind": "cpu",
            "total_bytes": page_bytes * os.sysconf("SC_PHYS_PAGES"),
            "free_bytes": page_bytes * os.sysconf("SC_AVPHYS_PAGES"),
            "dtype": element,
            "bfloat16": False,
        }
    ]


def _gpu(index: int, element: str) -> dict[str, Any]:
    free_bytes, total_bytes = torch.cuda.mem_get_info(index)
    with torch.cuda.device(index):
        bfloat16 = torch.cuda.is_bf16_supported(including_emulation=False)
    return {
        "name": torch.cuda.get_device_name(index),
        "kind": "cuda",
        "total_bytes": total_bytes,
        "free_bytes": free_bytes,
        "dtype": element,
        "bfloat16": bfloat16,
    }
