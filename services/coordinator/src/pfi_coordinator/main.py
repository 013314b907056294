"""The command `pfi-coordinator`."""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from pfi_common.clock import SystemClock
from pfi_common.errors import PlatformError
from pfi_common.settings import load_settings
from pfi_coordinator.domain.scopes import Scope
from pfi_coordinator.entrypoints.main import HOSTS, build_parser
from pfi_coordinator.settings import CoordinatorSettings


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command. A failure that has a name gives its cause, a next step and exit code 1."""
    chosen = build_parser().parse_args(arguments)
    try:
        _COMMANDS[chosen.command](chosen)
    except PlatformError as error:
        sys.stderr.write(f"pfi-coordinator: {error.reason}: {error.message}\n{error.next_step}\n")
        return 1
    return 0


def _init(chosen: argparse.Namespace) -> None:
    from pfi_coordinator.bootstrap.identities import initialise

    authority = initialise(chosen.state, chosen.federation, chosen.host or HOSTS, SystemClock())
    sys.stdout.write(f"federation {authority.federation}: authority {authority.fingerprint}\n")


def _issue_service(chosen: argparse.Namespace) -> None:
    from pfi_coordinator.bootstrap.identities import issue_service

    hosts = chosen.host or HOSTS
    issued = issue_service(chosen.state, chosen.service, chosen.out, hosts, SystemClock())
    sys.stdout.write(f"{issued.identity.uri}: {chosen.out}\n")


def _create_api_key(chosen: argparse.Namespace) -> None:
    from pfi_coordinator.bootstrap.store import create_api_key

    settings = load_settings(CoordinatorSettings)
    scopes = frozenset(map(Scope, chosen.scope))
    key = asyncio.run(create_api_key(settings, chosen.name, scopes, SystemClock()))
    sys.stdout.write(f"{key}\n")


def _accept_empty_store(_chosen: argparse.Namespace) -> None:
    from pfi_coordinator.bootstrap.store import accept_empty_store

    asyncio.run(accept_empty_store(load_settings(CoordinatorSettings), SystemClock()))
    sys.stdout.write("the store is accepted; clients have to enrol again\n")


def _serve(_chosen: argparse.Namespace) -> None:
    from pfi_coordinator.bootstrap.server import serve

    serve(load_settings(CoordinatorSettings))


def _simulate(chosen: argparse.Namespace) -> None:
    from pfi_coordinator.bootstrap.simulate import simulate

    simulate(chosen)


_COMMANDS = {
    "init": _init,
    "issue-service": _issue_service,
    "create-api-key": _create_api_key,
    "accept-empty-store": _accept_empty_store,
    "serve": _serve,
    "simulate": _simulate,
}


if __name__ == "__main__":
    sys.exit(main())
