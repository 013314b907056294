"""Memory that training may use on the device that it runs on."""

import psutil
import torch

from pfi_client_agent.adapters.learning.backbone import choose_device
from pfi_client_agent.adapters.machine import TrainingMemory


def free_training_memory() -> TrainingMemory:
    """Give what is free, with what this process holds already: a backbone is loaded once."""
    device, dtype = choose_device()
    if device.type == "cuda":
        free_bytes, _ = torch.cuda.mem_get_info(device)
        return TrainingMemory(free_bytes + torch.cuda.memory_reserved(device), dtype.itemsize)
    held_bytes = psutil.Process().memory_info().rss
    return TrainingMemory(psutil.virtual_memory().available + held_bytes, dtype.itemsize)
