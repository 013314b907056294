"""A client that knows protos/ alone is a full member of a federation."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.support.federation import Federation

import pfi_cli.demo.backbone
from pfi.aggregator.v1.lineage_pb2 import Lineage
from pfi.common.v1.signed_pb2 import SignedStatement
from pfi_cli.settings import inherited_environment
from pfi_common.artifacts import open_artifact_store

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

REPOSITORY = Path(__file__).resolve().parents[2]
CLIENT = Path(__file__).with_name("protos_only_client.py")
COMPILER = REPOSITORY / ".venv-protos" / "bin" / "python"
ROUNDS = 2


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


def specification() -> dict:
    backbone = next(iter(pfi_cli.demo.backbone.__path__))
    return {
        "name": "foreign",
        "backbone": {"model": backbone},
        "adapter": {"rank": 4, "alpha": 8},
        "cohort": {"size": 1},
        "stop": {"rounds": ROUNDS},
    }


def start_client(federation: Federation, compiled: Path) -> subprocess.Popen:
    token = federation.api.create_token(label="foreign", ttl_seconds=600).token
    return subprocess.Popen(
        [sys.executable, CLIENT, token, federation.layout.authority],
        env=inherited_environment() | {"PYTHONPATH": str(compiled)},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def federation(tmp_path_factory):
    with Federation(tmp_path_factory.mktemp("federation")) as running:
        yield running


@pytest.fixture(scope="module")
def outcome(federation, compiled):
    """What the client printed, and the run that it took part in."""
    client = start_client(federation, compiled)
    try:
        federation.wait_until_connected(1)
        run = federation.run_to_end(specification())
        output, _ = client.communicate(timeout=90)
    finally:
        client.kill()
        client.wait()
    assert client.returncode == 0
    return json.loads(output), run


def artifact(federation: Federation, kind: str, digest: str) -> bytes:
    store = open_artifact_store(federation.layout.artifacts_url)
    return asyncio.run(store.get(kind, digest))


def test_it_knows_nothing_but_the_protos(outcome):
    printed, _ = outcome
    assert printed["foreign"] == []


def test_each_of_its_updates_is_counted_once(federation, outcome):
    printed, run = outcome
    assert [update["round"] for update in printed["updates"]] == [1, 2]
    for update in printed["updates"]:
        publication = next(item for item in run.adapters if item.version == update["round"])
        statement = artifact(federation, "lineages", publication.lineage_digest)
        lineage = Lineage.FromString(SignedStatement.FromString(statement).payload)
        (counted,) = lineage.counted
        assert counted.task == update["task"]
        assert counted.client == printed["client"]
        assert counted.weight_units == update["weight_units"] == 256


def test_the_adapter_moves_by_its_update(federation, outcome):
    printed, run = outcome
    for update in printed["updates"]:
        digest = next(item.digest for item in run.adapters if item.version == update["round"])
        published = np.frombuffer(artifact(federation, "adapters", digest), dtype="<f4")
        base = np.frombuffer(bytes.fromhex(update["base"]), dtype="<f4")
        change = np.frombuffer(bytes.fromhex(update["payload"]), dtype="<f4")
        # The only update with weight 1: the mean is the update itself, its steps are powers of two.
        np.testing.assert_array_equal(published, base + change)
