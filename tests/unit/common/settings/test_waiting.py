"""How gRPC is told to wait, before it is imported."""

import subprocess
import sys

from pfi_common.settings import DIRECT_WAITING, wait_directly

VARIABLE = "GRPC_EXPERIMENTS"


def test_grpc_is_told(monkeypatch):
    monkeypatch.setenv(VARIABLE, "")  # so that it is put back
    monkeypatch.delenv(VARIABLE)
    wait_directly()
    assert _environment() == DIRECT_WAITING[VARIABLE]


def test_what_the_environment_says_is_kept(monkeypatch):
    monkeypatch.setenv(VARIABLE, "something_else")
    wait_directly()
    assert _environment() == "something_else"


def _environment() -> str:
    program = f"import os; print(os.environ['{VARIABLE}'])"
    return subprocess.check_output([sys.executable, "-c", program], text=True).strip()
