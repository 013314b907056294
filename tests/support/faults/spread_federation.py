"""A federation of several aggregators and workers that a test kills in turn.

The clients are in this process and have no model; everything else is as in production.
"""

import json
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.support.faults.held_worker import HeldPieces
from tests.support.faults.logs import read_events, wait_for_event
from tests.support.faults.patient_agents import PatientAgents
from tests.support.federation import Federation

from pfi_aggregator.failpoints import Failpoint
from pfi_cli.api.runs import Round, Run
from pfi_cli.local.scale import Scale
from pfi_cli.local.waiting import wait_until
from pfi_common.spec import Description, parse_run_spec
from pfi_common.tensors import Schema, Tensor

END_SECONDS = 120.0


def make_schema(width: int) -> Schema:
    """A schema with 4 coordinates for each unit of width."""
    return Schema(
        tensors=(
            Tensor("model.layers.0.q_proj.lora_A.weight", (2, width)),
            Tensor("model.layers.0.q_proj.lora_B.weight", (width, 2)),
        ),
        rank=2,
        alpha=4,
        target_modules=("q_proj",),
    )


class SpreadFederation(Federation):
    """Aggregators `aggregator`, `aggregator-1`, ...; workers `worker`, `worker-1`, ...

    Attributes:
        agents_inside: The clients.
        held_pieces: Lets workers wait with what they have reduced.
    """

    def __init__(self, folder: Path, scale: Scale, coordinator: Mapping[str, str]) -> None:
        super().__init__(folder, scale)
        self.scale = scale
        self.agents_inside = PatientAgents()
        self._overrides: dict[str, Mapping[str, str]] = {"coordinator": coordinator}
        for name in (*scale.spools.values(), "coordinator"):
            self._make_configurable(name)
        self.held_pieces = HeldPieces(self.layout.root.resolve())
        for name in scale.worker_names:
            service = self.local.service(name)
            service._plan = replace(service._plan, program=str(self.held_pieces.program))

    def __enter__(self) -> "SpreadFederation":
        super().__enter__()
        self.agents_inside.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.agents_inside.__exit__()
        super().__exit__(kind, error, trace)

    def join(self, count: int) -> None:
        """Adds clients and waits until they are connected."""
        tokens = [self.api.create_token(label="", ttl_seconds=600).token for _ in range(count)]
        self.agents_inside.join(tokens, self.layout.authority.read_bytes())
        self.wait_until_connected(len(self.agents_inside.agents))

    def begin(self, name: str, clients: int, width: int, **changes: Any) -> str:
        """Submits a run of one round with 4 * width coordinates, and gives its id."""
        spec = {
            "name": name,
            "backbone": {"model": "none"},
            "adapter": {"rank": 2, "alpha": 4, "target_modules": ["q_proj"]},
            "cohort": {"size": clients, "deadline": "90s"},
            "stop": {"rounds": 1},
            "seed": 7,
        } | changes
        document = {
            "backbone_digest": "b" * 64,
            "adapter_schema": make_schema(width).as_document(),
            "parameter_count": 1000,
        }
        checked = parse_run_spec(spec).model_dump(mode="json")
        described = Description.model_validate(document).model_dump(mode="json")
        return self.api.submit_run(checked, described).run

    def wait_until_dealt(self, run: str, number: int = 1) -> Mapping[str, str]:
        """Waits until every client has its task, and gives the spool of each."""
        everyone = set(self.agents_inside.agents)

        def collecting(shown: Run) -> bool:
            newest = shown.rounds[-1] if shown.rounds else None
            named = newest is not None and (newest.round, newest.state) == (number, "collecting")
            return named and set(self.agents_inside.dealt(run)) == everyone

        self.wait_for_run(run, collecting)
        return self.agents_inside.dealt(run)

    def wait_until_committed(self, run: str, client: str) -> None:
        """Waits until the coordinator knows of a client's update."""

        def committed(shown: Run) -> bool:
            members = {item.client: item.state for item in shown.rounds[-1].cohort}
            return members.get(client) in {"committed", "completed"}

        self.wait_for_run(run, committed)

    def wait_for_trouble(self, run: str, spool: str) -> None:
        """Waits until the run says that a spool does not answer."""

        def told(shown: Run) -> bool:
            assert shown.why is not None
            return f"SPOOL_UNAVAILABLE, {spool}" in shown.why.waiting_for

        self.wait_for_run(run, told)

    # Faults

    def arm(self, name: str, place: Failpoint) -> None:
        """Starts an aggregator anew, to die at a place."""
        log = self.layout.log(name)
        self.stop(name)
        self._overrides[name] = {"PFI_AGGREGATOR_FAILPOINT": place.value}
        armed = len(read_events(log, "failpoint_armed"))
        self.start(name)
        self._overrides[name] = {}
        wait_for_event(log, "failpoint_armed", armed + 1)

    def wait_until_killed(self, name: str) -> None:
        """Waits until a process has died by SIGKILL."""
        service = self.local.service(name)
        assert wait_until(lambda: service.exit_status is not None, END_SECONDS), self.describe()
        assert service.exit_status == -signal.SIGKILL, self.describe()

    def signal_group(self, name: str, number: int) -> None:
        """Sends a signal to a process and all that it has started."""
        pid = self.pid(name)
        assert pid is not None
        os.killpg(pid, number)

    def kill_group(self, name: str) -> None:
        """kill -9 of a process and all that it has started."""
        self.signal_group(name, signal.SIGKILL)
        self.wait_until_killed(name)

    def owner(self, spool: str) -> str:
        """Name of the aggregator that owns a spool."""
        return self.scale.spools[spool]

    def wait_until_reduced(self, count: int) -> None:
        """Waits until so many workers have a held piece."""
        reduced = wait_until(lambda: self.held_pieces.waiting() >= count, END_SECONDS)
        assert reduced, self.describe()

    def pieces(self, run: str) -> Sequence[Path]:
        """Pieces of reductions of a run that are there."""
        return sorted((self.layout.artifacts / "reductions" / run).glob("*/*/*"))

    # Oracle

    def last_round(self, run: str) -> Round:
        """The newest attempt."""
        return self.api.run(run).rounds[-1]

    def finish(self, run: str) -> Run:
        """Waits for a run's end, and for its updates to be gone."""
        ended = self.wait_for_run(run)
        assert ended.state == "completed", self.describe(ended)
        return ended

    def _make_configurable(self, name: str) -> None:
        service = self.local.service(name)
        plan = service._plan

        def settings(known: Mapping[str, str]) -> dict[str, str]:
            return {**plan.settings(known), **self._overrides.get(name, {})}

        service._plan = replace(plan, settings=settings)


def as_settings(**settings: float) -> dict[str, str]:
    """Settings of the coordinator as its environment has them."""
    return {f"PFI_COORDINATOR_{key.upper()}": json.dumps(value) for key, value in settings.items()}
