"""The accelerator of this machine, or its main memory."""

import json
import os
import shutil
from dataclasses import dataclass

from pfi_cli.doctor.programs import ask
from pfi_cli.local.programs import program_installed, program_path

AGENT_SECONDS = 25.0
"""Importing torch takes seconds on a slow disk; everything else here is quick."""

_QUICK_SECONDS = 1.8
_MEBIBYTE = 1 << 20
_BF16_CAPABILITY = 8.0


@dataclass(frozen=True, slots=True)
class Device:
    """Where a local step would run.

    Attributes:
        name: For people.
        kind: `cuda` or `cpu`.
        total_bytes: Memory of the device.
        free_bytes: Memory that is free now.
        element_bytes: Of a weight there: 2 in bfloat16, which a GPU is used with, else 4.
        bfloat16: Whether it computes in bfloat16.
        source: Who said so.
    """

    name: str
    kind: str
    total_bytes: int
    free_bytes: int
    element_bytes: int
    bfloat16: bool
    source: str


def find_devices() -> tuple[list[Device], str]:
    """Asks the agent, then the driver, then the system.

    Returns:
        Devices, the one that is used first; and why the agent did not answer, if it did not.
    """
    told, why = _from_agent()
    if told:
        return told, ""
    return _from_driver() or [main_memory()], why


def _from_agent() -> tuple[list[Device], str]:
    if not program_installed("pfi-agent"):
        return [], "pfi-agent is not installed here"
    answered, told = ask([str(program_path("pfi-agent")), "device", "--json"], AGENT_SECONDS)
    if not answered:
        return [], told
    return [
        Device(
            name=each["name"],
            kind=each["kind"],
            total_bytes=each["total_bytes"],
            free_bytes=each["free_bytes"],
            element_bytes=2 if each["dtype"] == "bfloat16" else 4,
            bfloat16=each["bfloat16"],
            source="pfi-agent",
        )
        for each in json.loads(told)["devices"]
    ], ""


def _from_driver() -> list[Device]:
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    query = "--query-gpu=name,memory.total,memory.free,compute_cap"
    answered, told = ask([program, query, "--format=csv,noheader,nounits"], _QUICK_SECONDS)
    return [_gpu(line) for line in told.splitlines()] if answered else []


def _gpu(line: str) -> Device:
    name, total, free, capability = (part.strip() for part in line.rsplit(",", 3))
    return Device(
        name=name,
        kind="cuda",
        total_bytes=int(total) * _MEBIBYTE,
        free_bytes=int(free) * _MEBIBYTE,
        element_bytes=2,
        bfloat16=float(capability) >= _BF16_CAPABILITY,
        source="nvidia-smi",
    )


def main_memory() -> Device:
    """Gives the processor with the memory of the machine."""
    page = os.sysconf("SC_PAGE_SIZE")
    return Device(
        name=f"{os.cpu_count()} processors",
        kind="cpu",
        total_bytes=page * os.sysconf("SC_PHYS_PAGES"),
        free_bytes=page * os.sysconf("SC_AVPHYS_PAGES"),
        element_bytes=4,
        bfloat16=False,
        source="the system",
    )
