"""`pfi-agent fleet`: many clients in one process, against a whole federation."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.small_runs import tiny_spec, write_rows
from tests.support.faults.logs import read_events
from tests.support.federation import Federation

from pfi_cli.demo.backbone import backbone_folder
from pfi_cli.demo.client_profiles import client_count
from pfi_cli.demo.clients import client_rows
from pfi_cli.local.waiting import wait_until
from pfi_common.identity import load_identity

pytestmark = [pytest.mark.e2e]

CLIENTS = 200
ROUNDS = 3


def clients_of(folder: Path) -> dict[int, str]:
    """Client ids of a fleet by number."""
    return {
        int(path.name): load_identity(path / "identity").identity.name
        for path in (folder / "clients").iterdir()
        if (path / "identity" / "certificate.pem").exists()
    }


def logged(federation: Federation, name: str) -> list[dict[str, Any]]:
    return [*read_events(federation.layout.log(name))]


def revoked(federation: Federation, name: str) -> list[object]:
    """Clients that ended because they were revoked."""
    return [
        line["client"]
        for line in logged(federation, name)
        if line["event"] == "fleet_client_failed" and line["reason"] == "CLIENT_REVOKED"
    ]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_fleet_goes_on_after_a_crash_and_without_the_clients_that_fail(
    tmp_path: Path, tiny_backbone: Path
):
    data = tmp_path / "data"
    data.mkdir()
    for number, animal in enumerate(("heron", "otter", "wolf", "owl")):
        write_rows(data / f"{number}.jsonl", animal)
    (data / "2.jsonl").write_text("no row\n" * 5)
    with Federation(tmp_path / "state") as federation:
        fleet = federation.add_fleet("crowd", 4, data)
        federation.wait_until_connected(3)
        before = clients_of(fleet.folder)
        assert sorted(before) == [0, 1, 3]
        names = {client.display_name for client in federation.api.clients()}
        assert names == {"crowd-0", "crowd-1", "crowd-3"}

        federation.restart("crowd")
        spec = tiny_spec("crowd", tiny_backbone, cohort={"size": 3}, stop={"rounds": 1})
        run = federation.run_to_end(spec)
        assert [each.counted for each in run.rounds] == [3]
        assert clients_of(fleet.folder) == before
        assert len(federation.api.clients()) == 3
        personal = sorted(fleet.folder.glob("clients/*/personal/*/adapter_model.safetensors"))
        assert len({path.read_bytes() for path in personal}) == 3

        federation.api.revoke_client(before[1], reason="lost")
        assert wait_until(lambda: revoked(federation, "crowd") == ["client 1"], 60)
        fewer = tiny_spec("fewer", tiny_backbone, cohort={"size": 2}, stop={"rounds": 1})
        assert [each.counted for each in federation.run_to_end(fewer).rounds] == [2]

        federation.stop("crowd")
        assert fleet.process.exit_status == 1
        last = logged(federation, "crowd")[-1]
        assert (last["event"], last["reason"]) == ("agent_failed", "FLEET_FAILED")
        assert str(last["error_message"]).startswith("2 of 4 clients failed: client 1: CLIENT_REVO")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_200_clients_train_three_rounds_in_one_process(tmp_path: Path):
    data = tmp_path / "data"
    data.mkdir()
    for number in range(CLIENTS):
        rows = client_rows(number % client_count(), seed=number, rows=16)
        text = "\n".join(json.dumps(row) for row in rows)
        (data / f"client_{number}.jsonl").write_text(text, encoding="utf-8")
    backbone = backbone_folder()
    spec = {
        "name": "crowd",
        "backbone": {"model": str(backbone)},
        "local": {"steps": 1, "batch_size": 2, "learning_rate": 1e-3, "maximum_tokens": 96},
        "cohort": {"size": CLIENTS},
        "stop": {"rounds": ROUNDS},
        "seed": 7,
    }
    with Federation(tmp_path / "state") as federation:
        fleet = federation.add_fleet("crowd", CLIENTS, data, "--backbone", str(backbone))
        run = federation.submit(spec, backbone)
        run = federation.watch_run(run, timeout_seconds=300)
        assert run.state == "completed", run.error
        own = sorted(clients_of(fleet.folder).values())
        assert len(set(own)) == CLIENTS
        assert [each.state for each in run.rounds] == ["published"] * ROUNDS
        assert [each.counted for each in run.rounds] == [CLIENTS] * ROUNDS
        for each in run.rounds:
            assert each.attempt == 1
            assert sorted(member.client for member in each.cohort) == own
            assert {member.state for member in each.cohort} == {"completed"}
        assert sorted(member.client for member in run.evaluation) == own
        events = [line["event"] for line in logged(federation, "crowd")]
        assert "fleet_client_failed" not in events
        assert "task_abandoned" not in events
        federation.stop("crowd")
        assert fleet.process.exit_status == 0
