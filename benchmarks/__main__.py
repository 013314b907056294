"""`python -m benchmarks NAME [--runs N] [--parts A,B] [--out FILE]`."""

import argparse
import importlib
import os
import sys
from pathlib import Path
from typing import Any

from benchmarks.names import BENCHMARKS, module_name
from benchmarks.page import write_page
from benchmarks.result import Result, Skipped
from pfi_common.settings import wait_directly

ITSELF_AN_AGENT = {"retrieval"}
"""Benchmarks whose own process asks what an agent asks, and waits as `pfi-agent` does."""

CHOICES = BENCHMARKS | {
    "all": "every one of these, one after the other",
    "page": "nothing: only writes the page of results again",
}


def main() -> int:
    """Measures, stores, prints, and writes the page of results."""
    listing = "\n".join(f"  {name:20} {text}" for name, text in CHOICES.items())
    parser = argparse.ArgumentParser(
        prog="make bench",
        description=f"NAME is one of\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", choices=[*CHOICES], metavar="NAME")
    parser.add_argument("--runs", type=int, help="how often to measure")
    parser.add_argument(
        "--parts",
        type=lambda text: text.split(","),
        help="measure these parts alone and keep what is stored of the others (round-throughput)",
    )
    parser.add_argument("--out", type=Path, help="write the outcome there, and no page")
    arguments = parser.parse_args()
    for name in BENCHMARKS if arguments.name == "all" else [arguments.name]:
        if name in BENCHMARKS:
            _measure(name, _options(arguments), arguments.out)
    if arguments.out is None:
        write_page()
    return 0


def _options(arguments: argparse.Namespace) -> dict[str, Any]:
    """What was given, for `measure`; without it each benchmark has its own defaults."""
    given = {"runs": arguments.runs, "parts": arguments.parts}
    return {name: value for name, value in given.items() if value is not None}


def _measure(name: str, options: dict[str, Any], out: Path | None) -> None:
    if name in ITSELF_AN_AGENT:
        wait_directly()
    module = importlib.import_module(f"benchmarks.{module_name(name)}")
    load = os.getloadavg()[0]
    try:
        result = module.measure(**options)
    except Skipped as reason:
        print(f"skipped: {reason}; nothing was measured or written")
        return
    _print(result)
    print(f"wrote {result.write(load, out)}")


def _print(result: Result) -> None:
    for row in result.rows:
        spread = f"{row.minimum} to {row.maximum}, n={row.count}"
        print(f"{row.what}: {row.median} {row.unit} ({spread})")
    for target in result.targets:
        verdict = "met" if target.met else "NOT MET"
        print(f"{verdict}: {target.what}, {target.target}: {target.value}")


if __name__ == "__main__":
    sys.exit(main())
