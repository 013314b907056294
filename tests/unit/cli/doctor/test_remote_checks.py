"""Redis, clocks, containers: judged by what they say."""

from datetime import timedelta

import pytest

from pfi_cli.doctor import check_containers
from pfi_cli.doctor.check_clock import check_clock, judge
from pfi_cli.doctor.check_redis import check_redis
from pfi_cli.doctor.check_redis import judge as judge_redis
from pfi_cli.doctor.findings import Status
from pfi_cli.doctor.redis_versions import missing_patch
from pfi_cli.output.findings import summary

INFO = {
    "redis_version": "7.2.11",
    "redis_mode": "standalone",
    "aof_enabled": 1,
    "aof_last_write_status": "ok",
    "maxmemory_policy": "noeviction",
    "used_memory": 1_000_000,
    "maxmemory": 0,
    "total_system_memory": 10**10,
}


def judged(private=True, **changes):
    return {each.subject: each for each in judge_redis(INFO | changes, private=private)}


def test_a_redis_that_suits_is_in_order():
    assert {each.status for each in judged().values()} == {Status.OK}


@pytest.mark.parametrize(
    ("subject", "change", "status"),
    [
        ("version", {"redis_version": "6.0.16"}, Status.PROBLEM),
        ("version", {"redis_version": "6.2.14"}, Status.WARNING),
        ("mode", {"redis_mode": "cluster"}, Status.PROBLEM),
        ("appendonly", {"aof_enabled": 0}, Status.PROBLEM),
        ("appendonly", {"aof_last_write_status": "err"}, Status.PROBLEM),
        ("maxmemory-policy", {"maxmemory_policy": "allkeys-lru"}, Status.PROBLEM),
        ("memory", {"maxmemory": 1_100_000}, Status.WARNING),
    ],
)
def test_what_does_not_suit_is_told_with_a_next_step(subject, change, status):
    finding = judged(**change)[subject]
    assert finding.status is status
    assert finding.next_step


def test_a_hole_says_who_can_use_it():
    old = {"redis_version": "6.2.14"}
    assert "unix socket" in judged(**old)["version"].found
    assert "password" in judged(private=False, **old)["version"].found
    assert "CVE-2025-49844" in judged(**old)["version"].found


def test_valkey_is_judged_by_its_own_version():
    valkey = {"server_name": "valkey", "valkey_version": "8.1.3", "redis_version": "7.2.4"}
    finding = judged(**valkey)["version"]
    assert finding.status is Status.WARNING
    assert finding.next_step == "Use valkey 8.1.7 or later."


@pytest.mark.parametrize(
    ("version", "release"),
    [
        ("6.2.14", "6.2.20"),
        ("6.2.20", None),
        ("6.2.21", None),
        ("7.0.15", "7.2.11"),
        ("7.4.6", "7.4.9"),
        ("8.6.3", None),
        ("9.0.0", None),
    ],
)
def test_the_next_release_without_the_hole_is_named(version, release):
    found = missing_patch("redis", version)
    assert (None if found is None else found.release) == release


def test_a_redis_that_does_not_answer_is_a_problem(make_scene, tmp_path):
    (none,) = check_redis(make_scene())
    (stopped,) = check_redis(make_scene(redis_url=f"unix://{tmp_path}/redis.sock"))
    assert none.status is stopped.status is Status.SKIPPED
    (silent,) = check_redis(make_scene(redis_url="redis://127.0.0.1:1"))
    assert silent.status is Status.PROBLEM


@pytest.mark.integration
def test_a_real_redis_is_asked(make_scene, redis_url):
    found = {each.subject: each.status for each in check_redis(make_scene(redis_url=redis_url))}
    assert found["appendonly"] is Status.OK
    assert found["maxmemory-policy"] is Status.OK


@pytest.mark.parametrize(
    ("seconds", "status"),
    [
        (0.4, Status.OK),
        (-4.9, Status.OK),
        (6, Status.WARNING),
        (-60, Status.WARNING),
        (61, Status.PROBLEM),
        (-3600, Status.PROBLEM),
    ],
)
def test_clocks_may_differ_a_little(seconds, status):
    finding = judge(timedelta(seconds=seconds))
    assert finding.status is status
    if status is not Status.OK:
        assert ("behind" in finding.found) == (seconds < 0)


def test_a_clock_needs_a_coordinator(make_scene, tmp_path):
    (none,) = check_clock(make_scene())
    assert none.status is Status.SKIPPED
    scene = make_scene(url="https://127.0.0.1:1", authority=tmp_path / "absent.pem")
    (silent,) = check_clock(scene)
    assert silent.status is Status.PROBLEM


@pytest.fixture
def programs(monkeypatch):
    """Stands in for the programs on the PATH: what each answers, by its command line."""
    answers = {}
    monkeypatch.setattr(
        check_containers.shutil,
        "which",
        lambda name: name if any(key.split()[0] == name for key in answers) else None,
    )
    monkeypatch.setattr(
        check_containers,
        "ask",
        lambda command, _seconds: answers.get(" ".join(command[:2]), (False, "no")),
    )
    return answers


def test_containers_are_wanted_for_compose_alone(make_scene, programs):
    (finding,) = check_containers.check_containers(make_scene())
    assert finding.status is Status.SKIPPED
    programs["docker info"] = (True, '"27.3.1"')
    programs["docker compose"] = (True, "2.29.7")
    engine, compose = check_containers.check_containers(make_scene())
    assert (engine.found, compose.found) == (
        "docker answers, version 27.3.1",
        "docker compose 2.29.7",
    )


def test_an_engine_whose_daemon_is_silent_and_no_compose_are_warnings(make_scene, programs):
    programs["podman info"] = (False, "cannot connect")
    found = list(check_containers.check_containers(make_scene()))
    assert [each.status for each in found] == [Status.WARNING, Status.WARNING]
    assert all("this version needs none" in each.next_step for each in found)
    assert summary(found) == "2 warnings"
