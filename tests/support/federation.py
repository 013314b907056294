"""A whole federation of real processes in a folder: Redis, services and agents, by name.

    with Federation(folder) as federation:
        federation.add_agent("ada", data)
        federation.wait_until_connected(1)
        run = federation.submit(spec, backbone)
        federation.kill("aggregator")
        federation.start("aggregator")
        run = federation.wait_for_run(run.run, lambda run: run.ended)

Nothing is started again on its own: a test decides what runs. Everything ends with the block, and
with the process that runs the test. Methods belong to the main thread.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from pfi_cli.api.client import ApiClient
from pfi_cli.api.connection import local_connection
from pfi_cli.api.runs import Run
from pfi_cli.local.child_process import ChildProcess, Command
from pfi_cli.local.federation import LocalFederation
from pfi_cli.local.layout import StateLayout
from pfi_cli.local.programs import program_path
from pfi_cli.local.scale import ALONE, Scale
from pfi_cli.local.waiting import wait_until
from pfi_cli.settings import inherited_environment
from pfi_cli.submission import describe_spec
from pfi_common.errors import PlatformError
from pfi_common.spec import Description, load_run_spec

CONNECT_SECONDS = 300.0
RUN_SECONDS = 300.0
AGENT_END_SECONDS = 60.0


class AgentProcess:
    """One agent with a folder and data of its own."""

    def __init__(
        self,
        layout: StateLayout,
        name: str,
        arguments: list[str],
        command: str = "start",
        program: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.folder = layout.agents / name
        self.log = layout.log(name)
        program = program or [str(program_path("pfi-agent"))]
        words = [*program, command, "--state", str(self.folder), *arguments]
        environment = {**inherited_environment(), "OMP_NUM_THREADS": "1"}
        self.process = ChildProcess(Command(name, words, environment, self.log))

    @property
    def client(self) -> str:
        """Its client id, from its certificate."""
        from pfi_common.identity import load_identity

        return load_identity(self.folder / "identity").identity.name


class Federation:
    """Processes by name: `redis`, `aggregator`, `worker`, `coordinator`, and the agents'."""

    def __init__(self, folder: Path, scale: Scale = ALONE) -> None:
        self.layout = StateLayout(folder)
        self.said: list[str] = []
        self.local = LocalFederation(self.layout, name="test", scale=scale, say=self.said.append)
        self.agents: dict[str, AgentProcess] = {}
        self._api: ApiClient | None = None
        self._descriptions: dict[object, Description] = {}

    def __enter__(self) -> Self:
        self.local.start()
        self._api = ApiClient(local_connection(self.layout))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._api is not None:
            self._api.close()
        for agent in self.agents.values():
            agent.process.terminate()
        for agent in self.agents.values():
            agent.process.stop()
        self.local.stop()

    @property
    def api(self) -> ApiClient:
        """The admin API, with a key that may do everything."""
        assert self._api is not None, "use the federation as a context manager"
        return self._api

    @property
    def endpoints(self) -> Mapping[str, str]:
        """`host:port` of `enrolment`, `session`, `admin`, `aggregator`, ..."""
        return self.local.endpoints

    # Processes

    def start(self, name: str) -> None:
        """Starts a process that was killed or stopped, and waits until it can work."""
        if name in self.agents:
            self.agents[name].process.start()
        elif name == "redis":
            self.local.redis.start()
        else:
            self.local.start_service(name)

    def kill(self, name: str) -> None:
        """kill -9; the process is gone on return."""
        if name in self.agents:
            self.agents[name].process.kill()
        elif name == "redis":
            self.local.redis.kill()
        else:
            self.local.service(name).kill()
        assert self.pid(name) is None

    def stop(self, name: str) -> None:
        """SIGTERM; the process has ended on return, and an agent not by force."""
        if name in self.agents:
            self.agents[name].process.stop(AGENT_END_SECONDS)
        elif name == "redis":
            self.local.redis.stop()
        else:
            self.local.service(name).stop()

    def restart(self, name: str) -> None:
        """kill -9 and start."""
        self.kill(name)
        self.start(name)

    def pid(self, name: str) -> int | None:
        """The pid of a process while it runs."""
        if name in self.agents:
            return self.agents[name].process.pid
        if name == "redis":
            return self.local.redis.pid
        record = self.local.service(name).record
        return None if record is None else record.pid

    def log(self, name: str) -> str:
        """What a process has written so far."""
        path = self.layout.log(name)
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    # Agents

    def add_agent(self, name: str, data: Path, *arguments: str, start: bool = True) -> AgentProcess:
        """Adds an agent with a join token of its own; further arguments go to `pfi-agent start`."""
        token = self.api.create_token(label=name, ttl_seconds=600).token
        own = ["--data", str(data), "--name", name, "--token", token, "--threads", "1", *arguments]
        agent = AgentProcess(self.layout, name, own, program=self._agent_program(name))
        self.agents[name] = agent
        if start:
            agent.process.start()
        return agent

    def _agent_program(self, name: str) -> Sequence[str]:
        """What runs an agent: nothing for the installed program."""
        return ()

    def add_fleet(self, name: str, clients: int, data: Path, *arguments: str) -> AgentProcess:
        """Starts many clients in one process; further arguments go to `pfi-agent fleet`."""
        tokens = self.layout.root / f"{name}.tokens"
        made = self.api.create_tokens(clients, label=name, ttl_seconds=3600).tokens
        tokens.write_text("\n".join(made), encoding="utf-8")
        own = ["--clients", str(clients), "--data", str(data), "--name", name,
               "--tokens", str(tokens), *arguments]  # fmt: skip
        program = self._agent_program(name)
        fleet = AgentProcess(self.layout, name, own, command="fleet", program=program)
        self.agents[name] = fleet
        fleet.process.start()
        return fleet

    def wait_until_connected(self, count: int, timeout_seconds: float = CONNECT_SECONDS) -> None:
        """Waits until so many clients are connected, through outages; fails when an agent ends."""

        def connected() -> bool:
            for agent in self.agents.values():
                if agent.process.exit_status is not None:
                    raise agent.process.failure()
            try:
                clients = self.api.clients()
            except PlatformError as error:
                if not error.retryable:
                    raise
                return False
            return sum(client.connected for client in clients) >= count

        assert wait_until(connected, timeout_seconds), self.describe()

    # Runs

    def submit(self, spec: Mapping[str, Any], backbone: Path | None = None) -> Run:
        """Describes and submits a run; equal backbones and adapters are described once."""
        path = self.layout.root / f"{spec['name']}.yaml"
        path.write_text(yaml.safe_dump(dict(spec)), encoding="utf-8")
        checked = load_run_spec(path)
        adapter = (checked.adapter.model_dump_json(), checked.shared_rank)
        described = (checked.backbone, adapter, checked.classification, backbone)
        if described not in self._descriptions:
            self._descriptions[described] = describe_spec(path, backbone)
        description = self._descriptions[described].model_dump(mode="json")
        return self.api.submit_run(checked.model_dump(mode="json"), description)

    def wait_for_run(
        self,
        run: str,
        condition: Callable[[Run], bool] = lambda run: run.ended,
        timeout_seconds: float = RUN_SECONDS,
    ) -> Run:
        """Waits until a run is as wanted (the end by default), through outages of the API."""
        seen: list[Run] = []

        def holds() -> bool:
            try:
                seen.append(self.api.run(run))
            except PlatformError as error:
                if not error.retryable:
                    raise
                return False
            return condition(seen[-1])

        assert wait_until(holds, timeout_seconds), self.describe(seen[-1] if seen else None)
        return seen[-1]

    def watch_run(self, run: Run, timeout_seconds: float = RUN_SECONDS) -> Run:
        """Waits for a run's end as `pfi run watch` does; polling a large run costs its service."""
        end = time.monotonic() + timeout_seconds
        while not run.ended:
            assert time.monotonic() < end, self.describe(run)
            run = self.api.run(run.run, after_revision=run.revision, wait_seconds=5)
        return run

    def run_to_end(self, spec: Mapping[str, Any], backbone: Path | None = None) -> Run:
        """Submits a run and waits until it is completed."""
        run = self.wait_for_run(self.submit(spec, backbone).run)
        assert run.state == "completed", self.describe(run)
        return run

    def describe(self, run: Run | None = None) -> str:
        """Everything that helps when a test fails."""
        parts = [] if run is None else [json.dumps(run.model_dump(mode="json"), indent=1)]
        names = ["coordinator", "aggregator", "worker", *self.agents]
        tails = {name: "\n".join(self.log(name).splitlines()[-15:]) for name in names}
        return "\n".join([*parts, *(f"--- {name}\n{tail}" for name, tail in tails.items())])
