"""The Celery worker uses these modules: they must not bring grpc or torch."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys
import pfi_common.{module}
print(sorted({{"grpc", "torch", "transformers"}} & set(sys.modules)))
"""


@pytest.mark.parametrize("module", ["tensors", "spec", "artifacts", "clock"])
def test_neither_grpc_nor_torch_is_imported(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(module=module)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == "[]"
