"""Federations with several aggregators and workers."""

import json

import pytest

from pfi_cli.local.federation import LocalFederation
from pfi_cli.local.federation_file import FederationFile, read_federation, write_federation
from pfi_cli.local.folder_lock import FolderLock
from pfi_cli.local.layout import StateLayout
from pfi_cli.local.scale import ALONE, Scale
from pfi_cli.local.service_plans import coordinator_settings, service_plans
from pfi_cli.local.start_refused import StartRefusedError

KNOWN = {"aggregator": "h:1", "aggregator-1": "h:2", "aggregator-2": "h:3"}


def test_the_first_of_a_kind_has_the_name_that_it_has_alone():
    assert ALONE.spools == {"spool-0": "aggregator"}
    assert ALONE.worker_names == ["worker"]
    assert list(Scale(3, 2).spools.values()) == list(KNOWN)
    assert Scale(3, 2).worker_names == ["worker", "worker-1"]


def test_each_aggregator_has_folders_of_its_own_and_workers_read_all(tmp_path):
    layout = StateLayout(tmp_path)
    plans = {plan.name: plan for plan in service_plans(layout, "unix:///r", Scale(2, 1))}
    assert list(plans) == ["aggregator", "aggregator-1", "worker", "coordinator"]
    made = [plans[name].settings({}) for name in ("aggregator", "aggregator-1")]
    for key in ("STATE", "SPOOL", "SPOOL_NAME", "ENDPOINTS_FILE"):
        assert len({settings[f"PFI_AGGREGATOR_{key}"] for settings in made}) == 2
    read = json.loads(plans["worker"].settings({})["PFI_AGGREGATOR_WORKER_SPOOLS"])
    assert {spool: (item["spool"], item["state"]) for spool, item in read.items()} == {
        settings["PFI_AGGREGATOR_SPOOL_NAME"]: (
            settings["PFI_AGGREGATOR_SPOOL"],
            settings["PFI_AGGREGATOR_STATE"],
        )
        for settings in made
    }


def test_replicas_share_a_folder_and_have_names_and_ports_of_their_own(tmp_path):
    layout = StateLayout(tmp_path)
    plans = service_plans(layout, "unix:///r", Scale(coordinators=3))
    replicas = [plan for plan in plans if plan.program == "pfi-coordinator"]
    assert [plan.name for plan in replicas] == ["coordinator", "coordinator-1", "coordinator-2"]
    known = KNOWN | {"session": "h:5", "coordinator-1_session": "h:6"}
    made = [plan.settings(known) for plan in replicas]
    assert len({settings["PFI_COORDINATOR_STATE"] for settings in made}) == 1
    for key in ("REPLICA", "ENDPOINTS_FILE", "SESSION_ADDRESS"):
        assert len({settings[f"PFI_COORDINATOR_{key}"] for settings in made}) == 3
    assert made[1]["PFI_COORDINATOR_SESSION_ADDRESS"] == "h:6"
    assert len({name for plan in replicas for name in plan.endpoints.values()}) == 9


def test_the_coordinator_knows_as_many_aggregators_as_there_are(tmp_path):
    settings = coordinator_settings(StateLayout(tmp_path), "unix:///r", KNOWN, Scale(2, 1))
    aggregators = json.loads(settings["PFI_COORDINATOR_AGGREGATORS"])
    assert aggregators == {"spool-0": "h:1", "spool-1": "h:2"}


def test_a_federation_keeps_its_size(tmp_path):
    layout = StateLayout(tmp_path)
    write_federation(layout, FederationFile(name="test", aggregators=2, workers=3, coordinators=2))
    kept = LocalFederation(layout, name="test", say=lambda _: None)
    assert kept.service("aggregator-1").name == "aggregator-1"
    assert kept.service("worker-2").name == "worker-2"
    assert kept.service("coordinator-1").name == "coordinator-1"


def test_spools_that_are_there_are_listed(tmp_path):
    layout = StateLayout(tmp_path)
    assert layout.spools() == {}
    for spool in ("spool-1", "spool-0"):
        layout.spool_of(spool).mkdir()
    assert layout.spools() == {"spool-0": tmp_path / "spool", "spool-1": tmp_path / "spool-1"}


@pytest.fixture
def running(tmp_path):
    """A folder whose federation of two aggregators and one worker runs."""
    layout = StateLayout(tmp_path)
    write_federation(layout, FederationFile(name="test", aggregators=2))
    lock = FolderLock(layout.lock)
    assert lock.acquire()
    yield layout
    lock.release()


def test_other_numbers_on_a_federation_that_runs_are_refused_with_what_to_do(running):
    asked = LocalFederation(running, name="test", scale=Scale(3, 2), say=lambda _: None)
    with pytest.raises(StartRefusedError) as caught:
        asked.start()
    assert "2 aggregators and 1 worker, not 3 aggregators and 2 workers" in caught.value.message
    assert caught.value.next_step.startswith(f"`pfi down --state {running.root}` first")


def test_the_same_numbers_are_told_that_they_run(running):
    with pytest.raises(StartRefusedError) as caught:
        LocalFederation(running, name="test", say=lambda _: None).start()
    assert caught.value.message.endswith("2 aggregators and 1 worker")
    assert "Use it as it is" in caught.value.next_step


def test_a_spool_with_open_rounds_is_not_left_out(tmp_path):
    layout = StateLayout(tmp_path)
    write_federation(layout, FederationFile(name="test", aggregators=2))
    attempt = layout.spool_of("spool-1") / "r-0123456789" / "global" / "1" / "1"
    attempt.mkdir(parents=True)
    (attempt / ".plan").touch()
    smaller = LocalFederation(layout, name="test", scale=Scale(1, 1), say=lambda _: None)
    with pytest.raises(StartRefusedError, match="leave out spool-1, where 1 round has") as caught:
        smaller.start()
    assert str(layout.spool_of("spool-1")) in caught.value.next_step
    left = read_federation(layout)
    assert left is not None
    assert left.aggregators == 2
    assert FolderLock(layout.lock).acquire()
