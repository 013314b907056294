"""A client that knows protos/ alone is a full member of a federation."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
CLIENT = Path(__file__).with_name("protos_only_client.py")
COMPILER = REPOSITORY / ".venv-protos" / "bin" / "python"


@pytest.fixture(scope="module")
def compiled(tmp_path_factory) -> Path:
    """Messages and stubs as protoc makes them from protos/, nothing else."""
    if not COMPILER.exists():
        pytest.skip("make check sets up the compiler")
    folder = tmp_path_factory.mktemp("compiled")
    protos = REPOSITORY / "protos"
    subprocess.run(
        [COMPILER, "-m", "grpc_tools.protoc", f"--proto_path={protos}", f"--python_out={folder}",
         f"--grpc_python_out={folder}", *sorted(protos.rglob("*.proto"))],
        check=True,
    )  # fmt: skip
    return folder
