"""What the benchmark of rounds computes from what it measured."""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from benchmarks.plots.round_throughput import picture
from benchmarks.round_throughput import all_parts, measure
from benchmarks.throughput.clients import make_updates
from benchmarks.throughput.figures import profile_of, rows_of, targets_of
from benchmarks.throughput.flower import PeerFailed, Peers
from benchmarks.throughput.scale import Scale, description, schema_of, specification
from benchmarks.throughput.stages import stages_of
from benchmarks.throughput.untaught import HashingCache
from tests.support.cli.run_documents import round_document, run_document

from pfi_cli.api.runs import Run
from pfi_client_agent.domain.wanted_adapter import WantedAdapter
from pfi_common.spec import parse_run_spec
from pfi_common.tensors import INT8_BLOCK, decode


@pytest.mark.parametrize("megabytes", [8, 64])
def test_a_schema_has_its_size_and_fits_its_specification(megabytes):
    scale = Scale(8, megabytes, "int8")
    schema = schema_of(scale)
    assert 4 * schema.coordinate_count == megabytes << 20
    assert len(schema.tensors) == 64
    description(scale).require_fits(parse_run_spec(specification(scale, rounds=2)))


def test_parts_are_named_by_their_size():
    assert all(Scale.parse(name).name == name for name in all_parts())
    assert {"8x64-flower", "100x64-fp32", "300x8-int8"} <= set(all_parts())
    assert "100x64-flower" not in all_parts()
    with pytest.raises(ValueError, match="no part"):
        Scale.parse("8x64-avian")


def test_a_round_moves_the_adapter_to_and_an_update_from_every_client():
    assert Scale(2, 8, "fp32").round_bytes == 2 * 2 * (8 << 20)
    assert Scale(2, 8, "int8").round_bytes == 2 * 2 * ((2 << 20) + 4 * (1 << 13))


def observed(seconds, peak_megabytes=100.0, process="aggregator"):
    return {
        "round_seconds": [seconds] * 5,
        "cpu_seconds_per_round": {process: 1.0},
        "peak_megabytes": {process: peak_megabytes},
        "stages": {
            name: [0.1] * 5 for name in ("deal", "download", "upload", "seal", "publish", "turn")
        },
    }


@pytest.mark.parametrize(("seconds", "met"), [(2.0, True), (2.01, False)])
def test_the_first_target_compares_the_medians(seconds, met):
    measured = {"8x64-fp32": observed(seconds), "8x64-flower": observed(30.0)}
    (target,) = targets_of(measured)
    assert target.met is met


@pytest.mark.parametrize(("many", "met"), [(110.0, True), (111.0, False), (50.0, True)])
def test_the_second_target_compares_the_peaks(many, met):
    measured = {"8x8-fp32": observed(1.0), "300x8-fp32": observed(1.0, many)}
    (target,) = targets_of(measured)
    assert target.met is met


def test_without_its_parts_there_is_no_target():
    assert targets_of({"8x64-fp32": observed(1.0)}) == []


def test_rows_and_picture_show_every_part():
    measured = {"8x64-fp32": observed(1.0), "8x64-flower": observed(30.0, process="superlink")}
    rows = rows_of(measured)
    assert {"8 x 64 MB, ours, fp32: round", "8 x 64 MB, Flower: peak memory of superlink"} <= {
        row.what for row in rows
    }
    speed = next(row for row in rows if row.unit == "GB/s")
    assert speed.median == pytest.approx(8 * 2 * (64 << 20) / 1e9, abs=1e-4)
    document = {"measured": measured, "rows": [row.__dict__ for row in rows]}
    assert len(picture(document).axes.patches) == 2


def test_a_profile_says_what_the_cores_are_busy_with():
    assert profile_of({}) == []
    (profile,) = profile_of({"8x64-fp32": observed(1.0)})
    assert "publish 0.10 s" in profile
    assert "aggregator 1.00 s; together 1.00 s" in profile


def test_stages_follow_each_other():
    run = Run.model_validate(run_document(rounds=1) | {"rounds": [round_document(1)]})
    (each,) = run.rounds
    opened = each.opened_at.timestamp()
    task = {"round": 1, "begun": opened, "downloaded": opened + 1, "committed": opened + 2}
    (stages,) = stages_of(run, [task] * each.counted)
    assert stages.parts["download"] == 1.0
    assert stages.seconds == pytest.approx(sum(stages.parts.values()), abs=1e-3)
    with pytest.raises(ValueError, match="did not count"):
        stages_of(run, [task])


def test_synthetic_updates_are_distinct_and_repeatable():
    made = make_updates(2, 1000, INT8_BLOCK)
    assert made == make_updates(2, 1000, INT8_BLOCK)
    assert made[0].sha256 != made[1].sha256
    assert np.abs(decode(INT8_BLOCK, made[0].payload, 1000)).max() < 0.1


def test_a_download_is_checked_and_not_kept(tmp_path):
    cache = HashingCache(tmp_path / "cache")
    wanted = WantedAdapter(hashlib.sha256(b"adapters").hexdigest(), 2)
    cache.append(wanted, b"adap")
    assert cache.part_bytes(wanted) == 4
    cache.append(wanted, b"ters")
    assert cache.complete(wanted) is not None
    cache.append(wanted, b"other")
    assert cache.complete(wanted) is None
    assert cache.find(wanted) is None
    assert not list(tmp_path.iterdir())


PRINTED = {
    "rounds": [{"total_s": 30.0, "ok": 8}] * 3,
    "cpu_s": {"superlink": 9.0},
    "peak_rss_one_mb": {"superlink": 800},
    "versions": {"flwr": "1"},
}


def peers_that_print(folder, document):
    """A script in place of Flower."""
    (folder / "flower_bench.py").write_text(f"print({json.dumps(document)!r})")
    return Peers(folder, Path(sys.executable))


def test_the_first_round_of_flower_is_apart(tmp_path):
    seen = peers_that_print(tmp_path, PRINTED).observe(Scale(8, 64, "flower"), rounds=2)
    assert (seen["first_round_seconds"], seen["round_seconds"]) == (30.0, [30.0, 30.0])
    assert seen["cpu_seconds_per_round"] == {"superlink": 3.0}


def test_rounds_that_flower_did_not_do_are_not_measured(tmp_path):
    with pytest.raises(PeerFailed, match="3 rounds of 6"):
        peers_that_print(tmp_path, PRINTED).observe(Scale(8, 64, "flower"), rounds=5)


def test_flower_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.delenv("BENCH_PEERS", raising=False)
    monkeypatch.delenv("BENCH_PEER_PYTHON", raising=False)
    assert Peers.from_environment() is None
    with pytest.raises(ValueError, match="BENCH_PEERS"):
        measure(parts=["8x64-flower"])
    monkeypatch.setenv("BENCH_PEERS", str(tmp_path))
    with pytest.raises(ValueError, match="do not name"):
        Peers.from_environment()
