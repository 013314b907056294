"""The demo from the empty folder to the report."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pfi_cli.adapter_pull import pull_adapter
from pfi_cli.api.client import ApiClient
from pfi_cli.api.connection import local_connection
from pfi_cli.api.runs import Run
from pfi_cli.demo.driver.client_files import SEED, ClientFile, prepare_data
from pfi_cli.demo.driver.demo_agents import AgentPlan, Agents
from pfi_cli.demo.driver.demo_folder import fresh_folder
from pfi_cli.demo.driver.demo_spec import RUN_NAME, write_spec
from pfi_cli.demo.driver.endings import print_end
from pfi_cli.demo.driver.options import DemoOptions
from pfi_cli.demo.driver.private_questions import ask_privately
from pfi_cli.local.federation import LocalFederation
from pfi_cli.local.interruption import interruptible, uninterrupted
from pfi_cli.local.layout import StateLayout
from pfi_cli.local.supervisor import TEND_SECONDS
from pfi_cli.output.console import say
from pfi_cli.output.run_progress import watch_run
from pfi_cli.report.answers import save_answers
from pfi_cli.report.sources import local_sources
from pfi_cli.report.write import WrittenReport, write_report
from pfi_cli.submission import describe_spec
from pfi_common.errors import LocalFederationFailedError, error_from_problem
from pfi_common.spec import load_run_spec

CONNECT_SECONDS = 120.0


def run_demo(options: DemoOptions) -> None:
    """Trains a whole federation on this machine and reports on it; leaves no process behind.

    Raises:
        PlatformError: Something could not be started, or the run failed.
        KeyboardInterrupt: The user stopped it; everything has ended by then.
    """
    layout = fresh_folder(options.state)
    clients = prepare_data(options, layout.root / "data")
    try:
        _run(options, layout, clients)
    except KeyboardInterrupt:
        say(f"stopped; nothing keeps running, logs lie in {layout.root}")
        raise


def _run(options: DemoOptions, layout: StateLayout, clients: Sequence[ClientFile]) -> None:
    federation = LocalFederation(layout, name="demo", demo=True, say=say)
    with interruptible(), _running(federation), ApiClient(local_connection(layout)) as api:
        # The questions are about facts of the demo's own data.
        asking = not options.data
        plans = [
            AgentPlan(each.name, each.data, _token(api, each.name), asking) for each in clients
        ]
        agents = Agents(layout, plans)
        with _started(agents):
            demo = _Demo(layout, api, federation, agents)
            demo.wait_until_connected(len(plans))
            run = demo.train(write_spec(options, layout.root))
            if asking:
                demo.ask(run, [each.name for each in clients])
            report = demo.conclude(run)
            print_end(options, layout, report)
            if options.keep:
                demo.keep_running()


class _Demo:
    """Steps of a demo whose processes run."""

    def __init__(
        self, layout: StateLayout, api: ApiClient, federation: LocalFederation, agents: Agents
    ) -> None:
        self._layout = layout
        self._api = api
        self._federation = federation
        self._agents = agents

    def tend(self) -> None:
        """Keeps the federation up; a client that ended is an error."""
        self._federation.tend()
        self._agents.check()

    def wait_until_connected(self, count: int) -> None:
        """Waits for every client to enrol and connect."""
        say(f"{count} clients start, enrol and connect")
        end = time.monotonic() + CONNECT_SECONDS
        while sum(client.connected for client in self._api.clients()) < count:
            self.tend()
            if time.monotonic() > end:
                raise LocalFederationFailedError(
                    f"not all clients connected within {CONNECT_SECONDS:.0f} s; "
                    f"logs in {self._layout.log('demo').parent}"
                )
            time.sleep(TEND_SECONDS)

    def train(self, spec: Path) -> Run:
        """Submits the run and follows it to its end."""
        description = describe_spec(spec, None)
        body = load_run_spec(spec).model_dump(mode="json")
        run = self._api.submit_run(body, description.model_dump(mode="json"))
        ended = watch_run(self._api, run, on_tick=self.tend)
        if ended.state != "completed":
            raise _failure(ended)
        return ended

    def ask(self, run: Run, names: Sequence[str]) -> None:
        """Asks each client for its private facts, and keeps how it went for the report."""
        newest = max(run.adapters, key=lambda adapter: adapter.version)
        answers = ask_privately(self._layout, names, newest.digest, SEED, self.tend)
        save_answers(self._layout.answers, run.run, answers)

    def conclude(self, run: Run) -> WrittenReport:
        """Pulls the adapter and writes the report, both from what is stored."""
        pull_adapter(self._api, run.run, self._layout.root / "adapter")
        document = self._api.run_document(run.run)
        return write_report(document, local_sources(self._layout), self._layout.reports / RUN_NAME)

    def keep_running(self) -> None:
        """Tends everything until a stop signal comes."""
        say("the federation and its clients keep running; Ctrl-C stops them")
        while True:
            self.tend()
            time.sleep(TEND_SECONDS)


def _token(api: ApiClient, name: str) -> str:
    return api.create_token(label=name, ttl_seconds=600).token


def _failure(run: Run) -> Exception:
    if run.error is not None:
        return error_from_problem(run.error)
    return LocalFederationFailedError(f"the run is {run.state}")


@contextmanager
def _running(federation: LocalFederation) -> Iterator[None]:
    federation.start()
    try:
        yield
    finally:
        with uninterrupted():
            federation.stop()


@contextmanager
def _started(agents: Agents) -> Iterator[None]:
    try:
        agents.start()
        yield
    finally:
        with uninterrupted():
            agents.stop()
