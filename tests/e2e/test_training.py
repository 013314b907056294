"""A whole run with real processes, and what it leaves behind."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.e2e.pfi_command import environment, pfi
from tests.e2e.small_runs import tiny_spec
from tests.support.federation import Federation

from pfi_cli.api.runs import Run
from pfi_cli.local.programs import program_path

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


DATA_UNUSABLE = 6  # exit status of pfi-agent


@pytest.fixture(scope="module")
def completed(federation: Federation, tiny_backbone: Path) -> Run:
    return federation.run_to_end(tiny_spec("river", tiny_backbone))


def test_every_round_counts_every_client_once(completed: Run):
    assert [each.state for each in completed.rounds] == ["published", "published"]
    assert [each.counted for each in completed.rounds] == [2, 2]
    for each in completed.rounds:
        assert sorted(member.name for member in each.cohort) == ["ada", "ben"]
        assert all(member.state == "completed" for member in each.cohort)


def test_every_client_is_evaluated_in_three_ways_at_the_end(completed: Run):
    assert sorted(member.name for member in completed.evaluation) == ["ada", "ben"]
    for member in completed.evaluation:
        losses = member.metrics
        assert losses["held_out_rows"] > 0
        assert losses["eval_loss_shared"] < losses["eval_loss_backbone"]
        assert {"eval_loss_backbone", "eval_loss_shared", "eval_loss_personal"} <= losses.keys()


def test_bad_rows_were_counted_and_the_client_took_part(completed: Run, federation: Federation):
    assert completed.state == "completed"
    by_name = {client.display_name: client for client in federation.api.clients()}
    assert by_name["ben"].connected
    log = federation.log("ben")
    assert '"line_number": 41' in log
    assert "is not JSON" in log


def test_the_report_is_computed_from_what_is_stored(completed: Run, federation: Federation):
    state = federation.layout.root
    done = pfi("report", "river", "--state", state, "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert [adapter["version"] for adapter in report["adapters"]] == [0, 1, 2]
    assert [adapter["counted"] for adapter in report["adapters"]] == [0, 2, 2]
    assert len(report["personal_adapters"]) == 2
    assert report["rounds"][0]["up_bytes"] > 0
    assert report["rounds"][0]["time"]["overhead"] > 0
    folder = federation.layout.reports / "river"
    assert len(list(folder.glob("*.png"))) == 4
    assert "## Loss on held-out rows" in (folder / "report.md").read_text()


def test_without_a_clients_adapter_there_is_no_report(completed: Run, federation: Federation):
    files = list(federation.agents["ada"].folder.glob("personal/**/adapter_model.safetensors"))
    assert files
    kept = [(file, file.read_bytes()) for file in files]
    for file in files:
        file.unlink()
    done = pfi("report", "river", "--state", federation.layout.root)
    for file, contents in kept:
        file.write_bytes(contents)
    assert done.returncode == 1
    assert "REPORT_INCOMPLETE" in done.stderr
    assert "client ada: its personal adapter" in done.stderr


def test_with_a_corrupt_shared_adapter_there_is_no_report(
    completed: Run, federation: Federation, tmp_path: Path
):
    digest = completed.adapters[-1].digest
    file = federation.layout.artifacts / "adapters" / digest[:2] / digest
    contents = file.read_bytes()
    shutil.copy(file, tmp_path)
    file.chmod(0o644)
    file.write_bytes(contents[:-1] + bytes([contents[-1] ^ 1]))
    done = pfi("report", "river", "--state", federation.layout.root)
    file.write_bytes(contents)
    assert done.returncode == 1
    assert "shared adapter, version" in done.stderr


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
def test_a_pulled_adapter_gives_the_logits_of_its_tensors_in_peft(
    completed: Run, federation: Federation, tiny_backbone: Path, tmp_path: Path
):
    done = pfi("adapter", "pull", "river", "--out", tmp_path / "a", "--state",
               federation.layout.root)  # fmt: skip
    assert done.returncode == 0, done.stderr
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    from pfi_common.spec import parse_description
    from pfi_common.tensors import FP32, decode, unflatten

    newest = max(completed.adapters, key=lambda adapter: adapter.version).digest
    payload = (federation.layout.artifacts / "adapters" / newest[:2] / newest).read_bytes()
    submitted = federation.layout.artifacts / "runs" / completed.run / "run.json"
    schema = parse_description(json.loads(submitted.read_text())["description"]).adapter_schema
    tensors = unflatten(schema, decode(FP32, payload, schema.coordinate_count))
    tokens = torch.arange(2, 40).reshape(1, -1)
    backbone = AutoModelForCausalLM.from_pretrained(tiny_backbone).eval()
    with torch.no_grad():
        plain = backbone(tokens).logits
        by_hand = _merged_by_hand(tiny_backbone, tensors, schema.alpha / schema.rank)(tokens).logits
        pulled = PeftModel.from_pretrained(backbone, tmp_path / "a").eval()(tokens).logits
    assert not torch.allclose(plain, pulled, atol=1e-4)
    torch.testing.assert_close(pulled, by_hand, atol=1e-5, rtol=1e-5)


def _merged_by_hand(backbone: Path, tensors, scale):
    """W + scale * B A, without PEFT: an independent formula for what an adapter means."""
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(backbone).eval()
    for name, tensor in tensors.items():
        if ".lora_A." not in name:
            continue
        low = torch.from_numpy(tensor.copy())
        high = torch.from_numpy(tensors[name.replace(".lora_A.", ".lora_B.")].copy())
        module = name.removeprefix("base_model.model.").split(".lora_A.")[0]
        with torch.no_grad():
            model.get_submodule(module).weight += scale * high @ low
    return model


def test_a_run_is_cancelled_and_the_clients_are_free_again(
    completed: Run, federation: Federation, tiny_backbone: Path
):
    long = tiny_spec("long", tiny_backbone, stop={"rounds": 500})
    run = federation.submit(long)
    federation.wait_for_run(run.run, lambda run: any(r.state == "collecting" for r in run.rounds))
    done = pfi("run", "cancel", "long", "--state", federation.layout.root)
    assert done.returncode == 0, done.stderr
    assert federation.wait_for_run("long").state == "cancelled"
    short = tiny_spec("after", tiny_backbone, stop={"rounds": 1})
    assert federation.run_to_end(short).state == "completed"


def test_a_run_goes_on_after_the_whole_federation_restarts(
    completed: Run, federation: Federation, tiny_backbone: Path
):
    spec = tiny_spec("restarted", tiny_backbone, stop={"rounds": 3})
    run = federation.submit(spec)
    federation.wait_for_run(run.run, lambda run: len(run.rounds) >= 2)
    endpoints = dict(federation.endpoints)
    names = ("coordinator", "aggregator", "worker", "redis")
    before = {name: federation.pid(name) for name in names}
    for name in names:
        federation.stop(name)
    for name in reversed(names):
        federation.start(name)
    assert all(federation.pid(name) not in {None, before[name]} for name in names)
    assert dict(federation.endpoints) == endpoints
    ended = federation.wait_for_run(run.run)
    assert ended.state == "completed", federation.describe(ended)
    assert [each.counted for each in ended.rounds] == [2, 2, 2]
    assert federation.api.run("river").state == "completed"


@pytest.mark.parametrize(
    ("name", "contents", "complaint"),
    [
        ("empty.jsonl", "", "DATA_UNREADABLE"),
        ("bad.jsonl", '{"text": "one good row"}\n' + "{no json\n" * 9, "DATA_TOO_MANY_BAD_ROWS"),
        ("table.csv", "a,b\n", "DATA_UNREADABLE"),
    ],
)
def test_an_unusable_file_is_refused_before_enrolment(
    federation: Federation, tmp_path: Path, name: str, contents: str, complaint: str
):
    file = tmp_path / name
    file.write_text(contents)
    before = len(federation.api.clients())
    token = federation.api.create_token(label="late", ttl_seconds=600).token
    arguments = ["--state", str(tmp_path / "late"), "--data", str(file), "--token", token]
    done = subprocess.run(
        [str(program_path("pfi-agent")), "start", *arguments],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == DATA_UNUSABLE, done.stderr
    assert complaint in done.stderr
    assert len(federation.api.clients()) == before
    assert not (tmp_path / "late" / "identity" / "certificate.pem").exists()
