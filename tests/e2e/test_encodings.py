"""Runs in small encodings with real processes: what travels, what is lost, and what is learned."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.pfi_command import pfi
from tests.e2e.small_runs import tiny_spec, write_rows
from tests.support.federation import Federation

from pfi_cli.api.runs import Member, Run
from pfi_common.spec import ENCODINGS
from pfi_common.tensors import encoded_size_bytes

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

PLAIN = "fp32"
LEAST_GAIN = 0.75
"""Of what fp32 gains. Each run draws rows of its own, after its random id: over eight such triples
of runs the share was 0.99 with a standard deviation of 0.03, in both encodings."""


@pytest.fixture(scope="module")
def federation(
    tmp_path_factory: pytest.TempPathFactory, tiny_backbone: Path
) -> Iterator[Federation]:
    """Two agents that write every encoding, and one that writes fp32 alone."""
    folder = tmp_path_factory.mktemp("federation")
    with Federation(folder / "state") as running:
        running.add_agent("ada", write_rows(folder / "ada.jsonl", "heron"))
        running.add_agent("ben", write_rows(folder / "ben.jsonl", "otter"))
        plain = write_rows(folder / "cyd.jsonl", "beaver")
        running.add_agent("cyd", plain, "--upload-encodings", PLAIN)
        running.wait_until_connected(3)
        yield running


@pytest.fixture(scope="module")
def runs(federation: Federation, tiny_backbone: Path) -> dict[str, Run]:
    """One run in fp32, and two that differ from it in their encodings alone."""
    return {
        name: federation.run_to_end(
            tiny_spec(
                name,
                tiny_backbone,
                cohort={"size": 3},
                personalize={"method": "none"},
                encoding=encoding,
                stop={"rounds": 3},
            )
        )
        for name, encoding in {
            "plain": {},
            "eight": {"upload": "int8_block", "download": "bf16"},
            "four": {"upload": "int4_block", "download": "int8_block"},
        }.items()
    }


def members(run: Run, name: str) -> list[Member]:
    return [m for each in run.rounds for m in each.cohort if m.name == name]


def mean_loss(run: Run, metric: str) -> float:
    return sum(m.metrics[metric] for m in run.evaluation) / len(run.evaluation)


@pytest.mark.parametrize(("name", "encoding"), [("eight", "int8_block"), ("four", "int4_block")])
def test_each_client_uses_what_it_and_the_run_agree_on(runs, name: str, encoding: str):
    run, plain = runs[name], runs["plain"]
    assert [each.counted for each in run.rounds] == [3, 3, 3]
    fp32_bytes = members(plain, "ada")[0].payload_bytes
    assert fp32_bytes is not None
    small = encoded_size_bytes(ENCODINGS[encoding], fp32_bytes // 4)
    for client in ("ada", "ben"):
        for member in members(run, client):
            assert (member.upload_encoding, member.payload_bytes) == (encoding, small)
            assert 0 < member.metrics["upload_encoding_error"] < 0.753
    for member in members(run, "cyd"):
        assert (member.upload_encoding, member.payload_bytes) == (PLAIN, fp32_bytes)
        assert member.metrics["upload_encoding_error"] == 0


@pytest.mark.parametrize(("name", "encoding"), [("eight", "bf16"), ("four", "int8_block")])
def test_every_version_was_downloaded_in_its_form(
    runs, federation: Federation, name: str, encoding: str
):
    run = runs[name]
    size = encoded_size_bytes(
        ENCODINGS[encoding], members(runs["plain"], "ada")[0].payload_bytes // 4
    )
    for each in run.rounds:
        assert {m.metrics["downloaded_bytes"] for m in each.cohort} == {size}
    assert {m.metrics["downloaded_bytes"] for m in run.evaluation} == {size}
    forms = federation.layout.artifacts / "forms"
    of_size = [file for file in forms.rglob("*") if file.is_file() and file.stat().st_size == size]
    assert len(of_size) == 4  # versions 0 to 3
    assert all(hashlib.sha256(f.read_bytes()).hexdigest() == f.name for f in of_size)


@pytest.mark.parametrize("name", ["eight", "four"])
def test_as_much_is_learned_as_in_fp32(runs, name: str):
    plain, small = (mean_loss(runs[each], "eval_loss_shared") for each in ("plain", name))
    backbone = mean_loss(runs[name], "eval_loss_backbone")
    assert small < backbone
    assert backbone - small > LEAST_GAIN * (backbone - plain)


def test_what_was_lost_was_fed_back_and_is_forgotten(runs, federation: Federation):
    assert runs["four"].state == "completed"
    for name in ("ada", "ben", "cyd"):
        assert "residual_missing" not in federation.log(name)
        assert not list((federation.agents[name].folder / "residuals").glob("*"))


def test_the_report_tells_bytes_and_errors(runs, federation: Federation):
    done = pfi("report", "four", "--state", federation.layout.root, "--json")
    assert done.returncode == 0, done.stderr
    outcomes = {each["name"]: each for each in json.loads(done.stdout)["encodings"]}
    assert {name: each["encoding"] for name, each in outcomes.items()} == {
        "ada": "int4_block", "ben": "int4_block", "cyd": PLAIN,
    }  # fmt: skip
    assert outcomes["ada"]["share_of_fp32"] == pytest.approx(132 / 1024, rel=0.05)
    assert outcomes["ada"]["mean_error"] > outcomes["cyd"]["mean_error"] == 0
    text = (federation.layout.reports / "four" / "report.md").read_text()
    assert "## Encodings of updates" in text
    shown = pfi("run", "show", "four", "--state", federation.layout.root)
    assert "int4_block" in shown.stdout
