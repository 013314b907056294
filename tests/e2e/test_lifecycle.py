"""A run that is paused, resumed, extended and restarted with `pfi`, as an operator does it."""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from tests.e2e.pfi_command import pfi
from tests.e2e.small_runs import tiny_spec, write_rows
from tests.support.faults import held_agent
from tests.support.federation import Federation

from pfi_cli.api.runs import Run

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

AGENTS = {"ada": "heron", "ben": "otter"}


class HeldFederation(Federation):
    """Its agents wait in the middle of every first round while `hold` is there."""

    @property
    def hold(self) -> Path:
        return self.layout.root / "holds" / "1"

    def _agent_program(self, name: str) -> Sequence[str]:
        self.hold.parent.mkdir(exist_ok=True)
        return [sys.executable, held_agent.__file__, str(self.hold.parent)]


def everyone_trains(run: Run) -> bool:
    members = run.rounds[0].cohort if run.rounds else ()
    return len(members) == len(AGENTS) and all(
        0 < member.steps_done < member.steps_total for member in members
    )


@pytest.fixture
def federation(tmp_path: Path) -> Iterator[HeldFederation]:
    with HeldFederation(tmp_path / "state") as running:
        for name, animal in AGENTS.items():
            running.add_agent(name, write_rows(tmp_path / f"{name}.jsonl", animal, rows=12))
        running.wait_until_connected(len(AGENTS))
        yield running


def test_an_operator_steers_a_run(federation: HeldFederation, tiny_backbone: Path):
    def run(*arguments: object, status: int = 0) -> str:
        done = pfi("run", *arguments, "--state", federation.layout.root)
        assert done.returncode == status, done.stderr
        return done.stdout if status == 0 else done.stderr

    federation.hold.touch()
    spec = tiny_spec("river", tiny_backbone, personalize={"method": "none"})
    river = federation.submit(spec).run
    federation.wait_for_run(river, everyone_trains)
    # Both trainings stand still, so the round stays open until they are released.
    assert run("pause", "river").strip() == river
    assert json.loads(run("show", "river", "--json"))["state"] == "pausing"
    federation.hold.unlink()
    paused = federation.wait_for_run(river, lambda shown: shown.state == "paused")
    assert [adapter.version for adapter in paused.adapters] == [0, 1]
    assert f"pfi run resume {river}" in run("show", "river")
    run("resume", "river")
    federation.wait_for_run(river)

    assert "RUN_ENDED: the run has completed already" in run("pause", "river", status=1)
    run("extend", "river", "--rounds", 3)
    run("watch", "river")
    extended = federation.api.run(river)
    assert [adapter.version for adapter in extended.adapters] == [0, 1, 2, 3]
    assert {member.state for member in extended.evaluation} == {"completed"}

    again = run("restart", "river", "--name", "again", "--rounds", 1).strip()
    restarted = federation.wait_for_run(again)
    assert restarted.origin is not None
    assert (restarted.origin.run, restarted.origin.version) == (river, 3)
    assert restarted.adapters[0].digest == extended.adapters[3].digest
    assert restarted.adapters[1].digest != extended.adapters[3].digest
