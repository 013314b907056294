"""The command `pfi-aggregator`."""

import argparse
import sys
from collections.abc import Sequence

from pfi_aggregator.settings import AggregatorSettings
from pfi_common.errors import PlatformError
from pfi_common.settings import load_settings, wait_directly


def build_parser() -> argparse.ArgumentParser:
    """Makes the parser; settings come from the environment (PFI_AGGREGATOR_...)."""
    parser = argparse.ArgumentParser(
        prog="pfi-aggregator", description="Receives updates, merges them, publishes adapters."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="serve clients and the coordinator until SIGTERM")
    commands.add_parser("worker", help="run export and cluster jobs from the broker until SIGTERM")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; a failure that has a name is one sentence and exit code 1."""
    command = build_parser().parse_args(arguments).command
    try:
        _run(command)
    except PlatformError as error:
        sys.stderr.write(f"pfi-aggregator: {error.message}\n{error.next_step}\n")
        return 1
    return 0


def _run(command: str) -> None:
    settings = load_settings(AggregatorSettings)
    if command == "worker":
        from pfi_aggregator.bootstrap.worker import work

        work(settings)
    else:
        wait_directly()  # before what follows imports gRPC
        from pfi_aggregator.bootstrap.server import serve

        serve(settings)


if __name__ == "__main__":
    sys.exit(main())
