"""Ports, certificates, disks and the spool of a state folder."""

import fcntl
import os
import resource
import shutil
import socket
from contextlib import contextmanager
from datetime import timedelta

import pytest
from tests.support.certificates import FederationFixture

from pfi_cli.doctor.check_certificates import check_certificates
from pfi_cli.doctor.check_disk import check_disk
from pfi_cli.doctor.check_open_files import check_open_files
from pfi_cli.doctor.check_ports import check_ports
from pfi_cli.doctor.check_spool import check_spool
from pfi_cli.doctor.findings import Status
from pfi_cli.local.federation_file import FederationFile, RecordedProcess
from pfi_cli.local.process_record import ProcessRecord
from pfi_common.identity import save_identity

DAYS = timedelta(days=1)


def federation(pid=None, **endpoints):
    processes = {}
    if pid is not None:
        record = ProcessRecord.of(pid)
        processes["coordinator"] = RecordedProcess(pid=record.pid, start=record.start)
    return FederationFile(name="local", processes=processes, endpoints=endpoints)


@contextmanager
def listening():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def free_address():
    with listening() as address:
        pass
    return address


def statuses(findings):
    return {each.subject: each.status for each in findings}


def test_without_a_federation_there_are_no_ports(make_scene):
    (finding,) = check_ports(make_scene())
    assert finding.status is Status.SKIPPED
    assert "pfi up" in finding.next_step


def test_a_port_of_the_federation_itself_is_in_order(make_scene):
    with listening() as address:
        scene = make_scene(federation=federation(os.getpid(), admin=address))
        (finding,) = check_ports(scene)
    assert finding.status is Status.OK
    assert "the federation listens" in finding.found


def test_a_port_that_another_process_took_is_a_problem(make_scene):
    with listening() as address:
        (finding,) = check_ports(make_scene(federation=federation(admin=address)))
    assert finding.status is Status.PROBLEM
    assert "taken" in finding.found


def test_ports_have_the_names_of_their_services(make_scene, free_address):
    endpoints = ("admin", "aggregator-1", "aggregator-1_operations", "worker_operations")
    scene = make_scene(federation=federation(**dict.fromkeys(endpoints, free_address)))
    assert {each.subject for each in check_ports(scene)} == {
        "coordinator admin", "aggregator-1", "aggregator-1 operations", "worker operations",
    }  # fmt: skip


def test_a_free_port_is_right_for_a_stopped_federation_alone(make_scene, free_address):
    (stopped,) = check_ports(make_scene(federation=federation(admin=free_address)))
    assert stopped.status is Status.OK
    (running,) = check_ports(make_scene(federation=federation(os.getpid(), admin=free_address)))
    assert running.status is Status.PROBLEM


@pytest.fixture
def issued(make_scene, tmp_path):
    """A scene with an authority, the coordinator's identity and an agent's, made now."""

    def issue(service_days=365, client_days=1, elapsed_days=0):
        agent = tmp_path / "agents" / "ada"
        scene = make_scene(federation=federation(), agents=(agent,))
        folder = scene.layout.coordinator
        fixture = FederationFixture(folder, clock=scene.clock)
        save(fixture.service(lifetime=service_days * DAYS), folder / "identity")
        save(fixture.client(lifetime=client_days * DAYS), agent / "identity")
        scene.clock.advance(elapsed_days * 86_400)
        return scene

    return issue


def save(identity, folder):
    save_identity(
        folder,
        key_pem=identity.key_pem,
        certificate_chain_pem=identity.certificate_chain_pem,
        authority_pem=identity.authority_pem,
    )


def test_fresh_certificates_are_in_order(issued):
    found = statuses(check_certificates(issued()))
    assert found == dict.fromkeys(("authority", "coordinator", "ada"), Status.OK)


def test_aggregators_have_the_names_that_they_are_started_with(issued):
    scene = issued()
    for spool in ("spool-0", "spool-1"):
        scene.layout.spool_of(spool).mkdir()
        identity = scene.layout.coordinator / "identity"
        shutil.copytree(identity, scene.layout.aggregator_of(spool) / "identity")
    found = statuses(check_certificates(scene))
    assert {"coordinator", "aggregator", "aggregator-1"} < set(found)


@pytest.mark.parametrize(
    ("elapsed_days", "coordinator", "client"),
    [
        (2, Status.OK, Status.WARNING),
        (30, Status.OK, Status.WARNING),
        (32, Status.OK, Status.PROBLEM),
        (340, Status.WARNING, Status.PROBLEM),
        (366, Status.PROBLEM, Status.PROBLEM),
    ],
)
def test_certificates_come_to_their_end(issued, elapsed_days, coordinator, client):
    found = statuses(check_certificates(issued(elapsed_days=elapsed_days)))
    assert (found["coordinator"], found["ada"]) == (coordinator, client)


def test_an_old_authority_needs_a_new_federation(issued):
    found = list(check_certificates(issued(elapsed_days=3640)))
    assert statuses(found)["authority"] is Status.WARNING


def test_a_key_that_others_can_read_is_told(issued):
    scene = issued()
    key = scene.agents[0] / "identity" / "key.pem"
    key.chmod(0o644)
    told = [each for each in check_certificates(scene) if "read by others" in each.found]
    assert [(each.status, each.subject) for each in told] == [(Status.WARNING, "ada")]


def test_a_damaged_identity_is_a_problem(issued):
    scene = issued()
    (scene.agents[0] / "identity" / "certificate.pem").write_text("nothing")
    (scene.layout.coordinator / "authority" / "authority.pem").write_text("nothing")
    found = statuses(check_certificates(scene))
    assert found["ada"] is found["authority"] is Status.PROBLEM


def test_a_folder_of_a_failed_enrolment_is_no_problem(issued):
    scene = issued()
    (scene.agents[0] / "identity" / "certificate.pem").unlink()
    (finding,) = (each for each in check_certificates(scene) if each.subject == "ada")
    assert finding.status is Status.SKIPPED
    assert finding.found.startswith("not enrolled")


def test_room_on_disks_is_told_of_the_nearest_folder(make_scene, tmp_path):
    scene = make_scene()
    (finding,) = check_disk(scene)
    assert finding.status in {Status.OK, Status.WARNING}
    assert str(tmp_path) in finding.found
    scene.layout.spool.mkdir(parents=True)
    scene.layout.spool_of("spool-1").mkdir(parents=True)
    assert set(statuses(check_disk(scene))) == {"state", "spool-0", "spool-1"}


@pytest.mark.parametrize(
    ("free_bytes", "status"),
    [(10**10, Status.OK), (10**9, Status.WARNING), (10**8, Status.PROBLEM)],
)
def test_little_room_is_told(make_scene, monkeypatch, free_bytes, status):
    usage = type("Usage", (), {"free": free_bytes})
    monkeypatch.setattr("pfi_cli.doctor.check_disk.shutil.disk_usage", lambda _: usage)
    (finding,) = check_disk(make_scene())
    assert finding.status is status


@pytest.fixture
def spool(make_scene):
    def make(pid=None):
        scene = make_scene(federation=federation(pid))
        (scene.layout.spool / "incoming").mkdir(parents=True)
        (scene.layout.spool / ".lock").touch()
        return scene

    return make


@contextmanager
def locked(scene):
    with (scene.layout.spool / ".lock").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def test_a_free_spool_without_rounds_is_in_order(spool):
    assert set(statuses(check_spool(spool())).values()) == {Status.OK}


def test_the_spool_belongs_to_the_federations_own_aggregator(spool):
    scene = spool(os.getpid())
    assert statuses(check_spool(scene))["lock"] is Status.PROBLEM
    with locked(scene):
        assert statuses(check_spool(scene))["lock"] is Status.OK


def test_a_spool_that_another_process_owns_is_a_problem(spool):
    scene = spool()
    with locked(scene):
        (lock, *_) = check_spool(scene)
    assert lock.status is Status.PROBLEM
    assert str(os.getpid()) in lock.found


def test_what_is_left_in_a_spool_is_counted(spool):
    scene = spool()
    place = scene.layout.spool / "r-0123456789" / "1" / "1" / "global"
    place.mkdir(parents=True)
    (place / ".plan").touch()
    (scene.layout.spool / "incoming" / "task.hash.header").touch()
    _, rounds, uploads = check_spool(scene)
    assert (rounds.status, rounds.found) == (Status.WARNING, "1 not settled yet")
    assert uploads.found == "1 not complete"


def test_each_of_several_spools_is_looked_at(spool):
    scene = spool()
    (scene.layout.spool_of("spool-1") / "incoming").mkdir(parents=True)
    found = statuses(check_spool(scene))
    assert {"lock of spool-0", "rounds of spool-0", "uploads of spool-1"} <= set(found)
    assert {"spool-0", "spool-1"} <= set(statuses(check_disk(scene)))


@pytest.mark.parametrize(
    ("most", "status"),
    [
        (8_191, Status.WARNING),
        (8_192, Status.OK),
        (resource.RLIM_INFINITY, Status.OK),
    ],
)
def test_a_machine_that_grants_few_open_files_is_warned_of(make_scene, monkeypatch, most, status):
    monkeypatch.setattr(
        "pfi_cli.doctor.check_open_files.resource.getrlimit", lambda _: (1024, most)
    )
    assert statuses(check_open_files(make_scene())) == {"limit": status}
