import io
import zipfile

import pytest
from tests.support.cli.admin_api import ScriptedApi
from tests.support.cli.run_documents import RUN
from tests.support.cli.safetensors import safetensors_bytes

from pfi_cli.adapter_pull import pull_adapter
from pfi_cli.peft_folder import canonical_digest
from pfi_common.errors import AdapterUnknownError, InvalidRequestError

TENSORS = safetensors_bytes({"a.lora_A.weight": [[1.0, 2.0]]})
DIGEST = canonical_digest(TENSORS)


def zipped():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("adapter_config.json", "{}")
        archive.writestr("adapter_model.safetensors", TENSORS)
    return buffer.getvalue()


def adapter(version, digest, line="global"):
    return {"digest": digest, "schema_digest": "b" * 64, "run": RUN, "line": line,
            "version": version, "published_at": None}  # fmt: skip


@pytest.fixture
def scripted():
    api = ScriptedApi()
    path = f"/v1/adapters/{DIGEST}/export"
    api.on("GET", path, {"state": "pending"}, 202, headers={"Retry-After": "0"})
    api.on("GET", path, content=zipped())
    return api


def test_it_asks_until_the_export_is_made(scripted, tmp_path):
    with scripted.client() as api:
        assert pull_adapter(api, DIGEST, tmp_path / "out") == DIGEST
    assert (tmp_path / "out" / "adapter_model.safetensors").read_bytes() == TENSORS
    assert len(scripted.requests) == 2


def test_a_run_means_its_newest_version(scripted, tmp_path):
    adapters = [adapter(10, DIGEST), adapter(9, "9" * 64), adapter(0, "0" * 64)]
    scripted.on("GET", "/v1/adapters", {"adapters": adapters})
    with scripted.client() as api:
        assert pull_adapter(api, "river", tmp_path / "out") == DIGEST


def test_a_line_of_a_run_with_clusters_is_named_and_never_guessed(scripted, tmp_path):
    adapters = [adapter(1, "1" * 64), adapter(3, "3" * 64, "cluster-1")]
    scripted.on("GET", "/v1/adapters", {"adapters": [*adapters, adapter(2, DIGEST, "cluster-2")]})
    with scripted.client() as api:
        with pytest.raises(InvalidRequestError, match="global, cluster-1, cluster-2"):
            pull_adapter(api, "river", tmp_path / "out")
        with pytest.raises(AdapterUnknownError, match="the line cluster-3 of the run river"):
            pull_adapter(api, "river", tmp_path / "out", "cluster-3")
        assert pull_adapter(api, "river", tmp_path / "out", "cluster-2") == DIGEST


def test_a_run_without_adapters_has_none_to_pull(scripted, tmp_path):
    scripted.on("GET", "/v1/adapters", {"adapters": []})
    with scripted.client() as api, pytest.raises(AdapterUnknownError, match="river"):
        pull_adapter(api, "river", tmp_path / "out")
