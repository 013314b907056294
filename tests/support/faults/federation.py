"""A whole federation that a test breaks: agents reach the aggregator through a `FaultProxy`."""

import json
import os
import shutil
import signal
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.faults import held_agent
from tests.support.faults.clocks import shifted_clock
from tests.support.faults.logs import read_events, wait_for_event
from tests.support.faults.proxy import FaultProxy
from tests.support.faults.replay import Replay
from tests.support.federation import Federation

from pfi_aggregator.failpoints import Failpoint
from pfi_cli.api.runs import Member, Run
from pfi_cli.local.layout import SPOOL_NAME
from pfi_cli.local.scale import ALONE, Scale
from pfi_cli.local.waiting import wait_until
from pfi_common.spec import parse_run_spec

MEMBERS = frozenset({"ada", "bob"})
END_SECONDS = 120.0


class FaultFederation(Federation):
    """A federation with ways to break it, and to know that it broke.

    Attributes:
        proxy: Between everybody and the aggregator.
        replay: Describes backbones, and does runs again undisturbed.
        data: The rows of each agent.
    """

    def __init__(self, folder: Path, replay: Replay, scale: Scale = ALONE) -> None:
        super().__init__(folder, scale)
        self.services = (*scale.spools.values(), *scale.coordinator_names)
        self.replay = replay
        self.data: dict[str, Path] = {}
        self.proxy = FaultProxy("")
        self._overrides: dict[str, Mapping[str, str]] = {}
        self._clocks: dict[str, Sequence[str]] = {}
        for name in self.services:
            self._make_configurable(name)

    def __enter__(self) -> Self:
        self.proxy.__enter__()
        super().__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, trace)
        self.proxy.__exit__()

    def configure(self, name: str, **settings: str) -> None:
        """Sets settings of a service, for its starts from now on; none of them: as it was."""
        self._overrides[name] = {
            f"PFI_{kind_of(name).upper()}_{key.upper()}": value for key, value in settings.items()
        }

    def arm(self, place: Failpoint) -> None:
        """Starts the aggregator anew, to die at a place."""
        self.stop("aggregator")
        self.configure("aggregator", failpoint=place.value)
        armed = len(read_events(self.layout.log("aggregator"), "failpoint_armed"))
        self.start("aggregator")
        self.configure("aggregator")
        wait_for_event(self.layout.log("aggregator"), "failpoint_armed", armed + 1)

    def wait_until_killed(self, name: str) -> None:
        """Waits until a process has died by SIGKILL."""
        self.wait_until_ended(name, -signal.SIGKILL)

    def wait_until_ended(
        self, name: str, status: int, timeout_seconds: float = END_SECONDS
    ) -> None:
        """Waits until a process has ended on its own, with this exit status."""
        ended = wait_until(lambda: self.exit_status(name) is not None, timeout_seconds)
        assert ended, self.describe()
        assert self.exit_status(name) == status, self.describe()

    def wait_until_one_ended(self, *names: str, status: int) -> str:
        """Waits until one of these processes has ended with this exit status, and says which."""
        ended = wait_until(lambda: any(map(self._has_ended, names)), END_SECONDS)
        assert ended, self.describe()
        (name,) = filter(self._has_ended, names)
        assert self.exit_status(name) == status, self.describe()
        return name

    def _has_ended(self, name: str) -> bool:
        return self.exit_status(name) is not None

    def exit_status(self, name: str) -> int | None:
        """How a process ended."""
        if name in self.agents:
            return self.agents[name].process.exit_status
        if name == "redis":
            return self.local.redis.exit_status
        return self.local.service(name).exit_status

    def kill(self, name: str) -> None:
        """kill -9; the process is gone on return, by this signal."""
        super().kill(name)
        assert self.exit_status(name) == -signal.SIGKILL

    def join(self, name: str, data: Path, *arguments: str) -> None:
        """Adds an agent and remembers its rows."""
        self.data[name] = data
        self.add_agent(name, data, *arguments)

    def set_clock(self, name: str, shift: str) -> None:
        """Lets an agent, for its starts from now on, see another wall time, such as `+1h`."""
        self._clocks[name] = shifted_clock(shift)

    def leave(self, name: str) -> None:
        """Ends an agent for good and forgets its process."""
        self.stop(name)
        del self.agents[name]

    @contextmanager
    def paused(self, name: str) -> Iterator[None]:
        """Stops a process inside the block (SIGSTOP); its connections stay open."""
        pid = self.pid(name)
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        try:
            # Its threads stop one by one, each when it next comes by.
            assert wait_until(lambda: is_stopped(pid), END_SECONDS)
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def repair(self) -> None:
        """Starts whatever of the first members does not run; those who came later have to go."""
        shutil.rmtree(self.layout.root / "holds", ignore_errors=True)
        for name in set(self.agents) - MEMBERS:
            self.leave(name)
        away = [
            name for name in ("redis", *self.services, *sorted(MEMBERS)) if self.pid(name) is None
        ]
        sessions = {name: self._sessions(name) for name in MEMBERS.intersection(away)}
        for name in away:
            self.start(name)
        for name, before in sessions.items():  # the coordinator may not have missed it yet
            wait_for_event(self.agents[name].log, "agent_ready", before + 1)
        self.wait_until_connected(len(MEMBERS))

    def _sessions(self, name: str) -> int:
        """How many sessions an agent has opened so far."""
        return len(read_events(self.agents[name].log, "agent_ready"))

    def rows_of(self, client: str) -> Path:
        """The rows of a client."""
        name = next(name for name, agent in self.agents.items() if agent.client == client)
        return self.data[name]

    def agent_logs(self) -> Sequence[Path]:
        """The logs of all agents that there ever were."""
        return [self.layout.log(name) for name in self.data]

    def begin(
        self,
        spec: Mapping[str, Any],
        *,
        described_as: Mapping[str, Any] | None = None,
        **changes: object,
    ) -> str:
        """Submits a run and gives its id.

        Args:
            spec: What to run.
            described_as: Another specification, whose description is sent along.
            changes: Wrong values of the description.
        """
        body = parse_run_spec(spec)
        description = self.replay.describe(parse_run_spec(described_as or spec))
        document = description.model_dump(mode="json") | changes
        return self.api.submit_run(body.model_dump(mode="json"), document).run

    def finish(self, run: str, *, rows_kept: bool = True) -> Run:
        """Waits for a run's end and compares it with the same run undisturbed; see Replay.check."""
        ended = self.wait_for_run(run)
        assert ended.state == "completed", self.describe(ended)
        self.replay.check(self, ended, rows_kept=rows_kept)
        return ended

    def member(self, run: Run, name: str, round_number: int = 1) -> Member | None:
        """An agent's part in a round; None while there is none."""
        client = self.agents[name].client
        rounds = [item for item in run.rounds if item.round == round_number]
        members = rounds[-1].cohort if rounds else ()
        return next((item for item in members if item.client == client), None)

    def wait_until_completed(self, run: str, name: str) -> str:
        """Waits until an agent's receipt was recorded in round 1, and gives the task."""

        def completed(run: Run) -> bool:
            member = self.member(run, name)
            return member is not None and member.state == "completed"

        member = self.member(self.wait_for_run(run, completed), name)
        assert member is not None
        return member.task

    def hold_training(self, *names: str, rounds: Iterable[int] = (1,)) -> None:
        """Makes agents wait in the middle of their trainings for these rounds of any run."""
        for name in names:
            self._holds(name).mkdir(parents=True, exist_ok=True)
            for number in rounds:
                (self._holds(name) / str(number)).touch()

    def release_training(self, *names: str, rounds: Iterable[int] = (1,)) -> None:
        """Lets trainings go on."""
        for name in names:
            for number in rounds:
                (self._holds(name) / str(number)).unlink()

    def fail_training(self, name: str, round_number: int = 1) -> None:
        """Makes a held training fail, once."""
        (self._holds(name) / str(round_number)).write_text(held_agent.FAIL)

    def wait_until_training(self, run: str, name: str, round_number: int = 1) -> str:
        """Waits until an agent's held training is in its middle, and gives the task."""

        def training(run: Run) -> bool:
            member = self.member(run, name, round_number)
            return member is not None and 0 < member.steps_done < member.steps_total

        member = self.member(self.wait_for_run(run, training), name, round_number)
        assert member is not None
        assert member.state == "training"
        return member.task

    def _holds(self, name: str) -> Path:
        return self.layout.root / "holds" / name

    def _agent_program(self, name: str) -> Sequence[str]:
        held = [sys.executable, held_agent.__file__, str(self._holds(name))]
        return [*self._clocks.get(name, ()), *held]

    def _make_configurable(self, name: str) -> None:
        service = self.local.service(name)
        plan = service._plan

        def settings(known: Mapping[str, str]) -> dict[str, str]:
            proxied = self._through_proxy(known) if kind_of(name) == "coordinator" else {}
            return {**plan.settings(known), **proxied, **self._overrides.get(name, {})}

        service._plan = replace(plan, settings=settings)

    def _through_proxy(self, known: Mapping[str, str]) -> Mapping[str, str]:
        self.proxy.target = known["aggregator"]
        return {"PFI_COORDINATOR_AGGREGATORS": json.dumps({SPOOL_NAME: self.proxy.address})}


def kind_of(name: str) -> str:
    """What a process is: `coordinator` for `coordinator-1`."""
    return name.partition("-")[0]


def is_stopped(pid: int) -> bool:
    """Whether all threads of a process are stopped."""
    try:
        threads = [stat.read_text() for stat in Path(f"/proc/{pid}/task").glob("*/stat")]
    except (FileNotFoundError, ProcessLookupError):  # one of them has just ended
        return False
    return all(stat.rpartition(")")[2].split()[0] == "T" for stat in threads)
