"""A federation of real processes: services over mTLS, and one process that hosts the clients."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from pfi_cli.api.client import ApiClient
from pfi_cli.api.connection import local_connection
from pfi_cli.demo.backbone import backbone_folder
from pfi_cli.local.child_process import ChildProcess, Command
from pfi_cli.local.federation import LocalFederation
from pfi_cli.local.layout import StateLayout
from pfi_cli.local.programs import program_path
from pfi_cli.settings import inherited_environment
from pfi_cli.submission import describe_spec
from pfi_common.errors import LocalFederationFailedError
from pfi_common.spec import load_run_spec

_CONNECT_SECONDS = 180.0
_RUN_SECONDS = 3600.0
_LOOK_SECONDS = 1.0


class Trial:
    """A federation whose clients are connected.

    Args:
        layout: Where everything lies.
        api: The admin API.
        fleet: The process of the clients.
        console: Is told what happens.
    """

    def __init__(
        self, layout: StateLayout, api: ApiClient, fleet: ChildProcess, console: Console
    ) -> None:
        self._layout = layout
        self._api = api
        self._fleet = fleet
        self._console = console

    def wait_until_connected(self, count: int) -> None:
        """Waits for every client.

        Raises:
            LocalFederationFailedError: they do not come, or their process has ended.
        """
        until = time.monotonic() + _CONNECT_SECONDS
        while sum(client.connected for client in self._api.clients()) < count:
            self._look(until)

    def run(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """Trains one run to its end; gives it as the admin API describes it.

        Raises:
            LocalFederationFailedError: it did not complete.
        """
        path = self._layout.root / f"{spec['name']}.yaml"
        path.write_text(yaml.safe_dump(dict(spec)))
        description = describe_spec(path, None).model_dump(mode="json")
        run = self._api.submit_run(load_run_spec(path).model_dump(mode="json"), description).run
        until = time.monotonic() + _RUN_SECONDS
        with self._console.status(str(spec["name"])) as status:
            while not (found := self._api.run(run)).ended:
                waits = found.why.waiting_for if found.why else "the coordinator"
                status.update(f"{spec['name']}: waits for {waits}")
                self._look(until)
        if found.state != "completed":
            raise LocalFederationFailedError(f"{spec['name']} is {found.state}: {found.error}")
        return self._api.run_document(run)

    def discarded_energy(self, name: str) -> list[float]:
        """What the cut to its rank took of each version of a run but the first."""
        versions = [each for each in self._api.adapters(name) if each.version]
        return [each.discarded_energy for each in sorted(versions, key=lambda each: each.version)]

    def _look(self, until: float) -> None:
        if not self._fleet.running:
            raise self._fleet.failure()
        if time.monotonic() > until:
            raise LocalFederationFailedError(f"waited too long; logs in {self._layout.root}")
        time.sleep(_LOOK_SECONDS)


@contextmanager
def trial(
    folder: Path, data: Path, clients: int, console: Console, arguments: Sequence[str] = ()
) -> Iterator[Trial]:
    """A federation that ends with the block, whatever happens.

    Args:
        folder: Its state.
        data: A file for each client.
        clients: How many there are.
        console: Is told what happens.
        arguments: Further ones of `pfi-agent fleet`.
    """
    layout = StateLayout(folder)
    federation = LocalFederation(layout, name="experiment", say=lambda _: None)
    federation.start()
    try:
        with ApiClient(local_connection(layout)) as api:
            fleet = _fleet(layout, api, data, clients, arguments)
            try:
                fleet.start()
                running = Trial(layout, api, fleet, console)
                running.wait_until_connected(clients)
                yield running
            finally:
                fleet.terminate()
                fleet.stop()
    finally:
        federation.stop()


def _fleet(
    layout: StateLayout, api: ApiClient, data: Path, clients: int, more: Sequence[str]
) -> ChildProcess:
    tokens = layout.root / "tokens.txt"
    made = [api.create_token(label=f"client-{n}", ttl_seconds=600).token for n in range(clients)]
    tokens.touch(mode=0o600)
    tokens.write_text("\n".join(made) + "\n")
    arguments = [str(program_path("pfi-agent")), "fleet", "--clients", str(clients)]
    arguments += ["--data", str(data), "--state", str(layout.agents), "--tokens", str(tokens)]
    arguments += ["--name", "client", "--backbone", str(backbone_folder()), "--json-logs", *more]
    environment = {**inherited_environment(), "OMP_NUM_THREADS": "1"}
    return ChildProcess(Command("fleet", arguments, environment, layout.log("fleet")))
