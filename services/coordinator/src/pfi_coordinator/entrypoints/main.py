"""The command line of `pfi-coordinator`."""

import argparse
from pathlib import Path

from pfi_coordinator.domain.scopes import Scope
from pfi_coordinator.entrypoints.simulate import add_simulate

HOSTS = ("localhost", "127.0.0.1")

_SETTINGS = (
    "Settings come from the environment (PFI_COORDINATOR_...); "
    "docs/reference/settings.md lists them."
)


def build_parser() -> argparse.ArgumentParser:
    """Makes the parser."""
    parser = argparse.ArgumentParser(
        prog="pfi-coordinator", description="Coordinates a federation: members, runs and rounds."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_init(commands)
    _add_issue_service(commands)
    _add_create_api_key(commands)
    _command(
        commands,
        "accept-empty-store",
        "begin with an empty registry after Redis was lost and cannot be restored",
        _SETTINGS,
    )
    _command(commands, "serve", "serve clients and operators until SIGTERM, then drain", _SETTINGS)
    add_simulate(commands)
    return parser


def _add_init(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    init = _command(
        commands,
        "init",
        "make the certificate authority and the coordinator's identity",
        "May be repeated: what is there and good is kept.",
    )
    _add_state(init)
    init.add_argument(
        "--federation",
        required=True,
        metavar="NAME",
        help="name of the federation: lower-case letters, digits, dots and dashes",
    )
    _add_hosts(init)


def _add_issue_service(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    issue = _command(
        commands,
        "issue-service",
        "write the identity folder of an aggregator",
        "May be repeated: an identity that is good for at least 30 days is kept.",
    )
    _add_state(issue)
    issue.add_argument(
        "--service", required=True, metavar="NAME", help="the service: aggregator/<spool>"
    )
    issue.add_argument(
        "--out",
        required=True,
        type=Path,
        metavar="FOLDER",
        help="folder to write; becomes the service's identity folder",
    )
    _add_hosts(issue)


def _add_create_api_key(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    create = _command(
        commands,
        "create-api-key",
        "make a key of the admin API and print it once",
        f"Only a hash of the key is stored. {_SETTINGS}",
    )
    create.add_argument("--name", required=True, help="name for people, to tell keys apart")
    create.add_argument(
        "--scope",
        required=True,
        nargs="+",
        action="extend",
        choices=[scope.value for scope in Scope],
        help="what the key may do; may be repeated",
    )


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    meaning: str,
    details: str,
) -> argparse.ArgumentParser:
    description = f"{meaning[0].upper()}{meaning[1:]}. {details}"
    return commands.add_parser(name, help=meaning, description=description)


def _add_state(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--state",
        required=True,
        type=Path,
        metavar="FOLDER",
        help="state folder of the coordinator; holds the authority's key, so keep it private",
    )


def _add_hosts(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--host",
        action="append",
        metavar="HOST",
        help=f"DNS name or IP address that the service is reached by; may be repeated (default: "
        f"{' '.join(HOSTS)})",
    )
