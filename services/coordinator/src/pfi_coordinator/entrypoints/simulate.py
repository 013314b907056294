"""The command line of `pfi-coordinator simulate`."""

import argparse
from pathlib import Path

MEANING = "simulate a run with many devices, to plan capacity; no federation is needed"

_DETAILS = (
    "The same round machine that drives real runs is driven with generated devices: when they are "
    "there, how fast they are, and how they fail. The same arguments give the same figures."
)
_EPILOG = """\
examples:
  pfi-coordinator simulate spec.yaml --clients 100000
  pfi-coordinator simulate spec.yaml --clients 5000 --target 2.0 --restart-after 6
  pfi-coordinator simulate --write-devices > devices.yaml
  pfi-coordinator simulate spec.yaml --clients 5000 --devices devices.yaml --out plan

Ctrl-C stops the simulation and reports what there is.
"""
DEFAULT_COORDINATES = 4_000_000


def add_simulate(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "simulate",
        help=MEANING,
        description=f"{MEANING[0].upper()}{MEANING[1:]}. {_DETAILS}",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "spec", nargs="?", type=Path, metavar="SPEC", help="run specification (YAML or JSON)"
    )
    _add_scenario(parser)
    _add_adapter(parser)
    _add_files(parser)


def _add_scenario(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--clients", type=_positive, default=10_000, metavar="N",
        help="enrolled devices (default: 10000)",
    )  # fmt: skip
    parser.add_argument(
        "--seed", type=_count, default=0, metavar="N",
        help="of devices and their days; selection has the run's own (default: 0)",
    )  # fmt: skip
    parser.add_argument(
        "--begin-hour", type=_hours, default=18.0, metavar="H",
        help="time of day, UTC, at which the run is submitted (default: 18)",
    )  # fmt: skip
    parser.add_argument(
        "--days", type=_hours, default=30.0, metavar="D",
        help="simulated days after which a run that still goes on is given up (default: 30)",
    )  # fmt: skip
    parser.add_argument(
        "--spools", type=_positive, default=1, metavar="N",
        help="aggregators that rounds are dealt to (default: 1)",
    )  # fmt: skip
    parser.add_argument(
        "--restart-after", type=_hours, action="append", default=[], metavar="H",
        help="restart the coordinator so many hours after the begin; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--target", type=float, metavar="LOSS",
        help="tell when this loss is reached, by the stated model of learning",
    )  # fmt: skip


def _add_adapter(parser: argparse.ArgumentParser) -> None:
    size = parser.add_mutually_exclusive_group()
    size.add_argument(
        "--described", type=Path, metavar="FILE",
        help="what `pfi-agent describe --json` says of the backbone: gives the adapter's size",
    )  # fmt: skip
    size.add_argument(
        "--coordinates", type=_positive, default=DEFAULT_COORDINATES, metavar="N",
        help=f"numbers in the adapter, without a description (default: {DEFAULT_COORDINATES})",
    )  # fmt: skip


def _add_files(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--devices", type=Path, metavar="FILE",
        help="what is assumed of devices, services and learning (YAML); the defaults without",
    )  # fmt: skip
    parser.add_argument(
        "--write-devices", action="store_true",
        help="print such a file with every default explained, and do nothing else",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, default=Path("simulation"), metavar="FOLDER",
        help="folder for figures, page and pictures (default: simulation)",
    )  # fmt: skip
    parser.add_argument(
        "--no-plots", action="store_true",
        help="draw no pictures; they need matplotlib (pip install 'pfi-coordinator[plots]')",
    )  # fmt: skip


def _positive(text: str) -> int:
    value = _count(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"must be a whole number, not {text!r}")
    return int(text)


def _hours(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1e6:  # noqa: PLR2004
        raise argparse.ArgumentTypeError("must be from 0 to a million")
    return value
