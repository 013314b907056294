"""`python -m benchmarks NAME [--runs N] [--out FILE]`."""

import argparse
import importlib
import os
import sys
from pathlib import Path

from benchmarks.page import write_page
from benchmarks.result import Result, Skipped

BENCHMARKS = {
    "installation": "time and size of each distribution in a fresh environment",
    "demo": "wall time of pfi demo",
    "round-overhead": "what a round costs beyond training",
    "training-throughput": "the agent's training loop against a plain PEFT loop",
    "gpu-training": "the same on a CUDA device, on a model of 400 M parameters",
    "answers": "time to the first text, and tokens per second, of answers on the device",
    "memory": "peak memory of coordinator, aggregator and worker",
    "fleet": "round time and memory with 200 clients in one agent process",
    "retrieval": "searches of the retrieval service beside Qdrant Edge, and ingestion",
    "all": "every one of these, one after the other",
    "page": "nothing: only writes the page of results again",
}


def main() -> int:
    """Measures, stores, prints, and writes the page of results."""
    listing = "\n".join(f"  {name:20} {text}" for name, text in BENCHMARKS.items())
    parser = argparse.ArgumentParser(
        prog="make bench",
        description=f"NAME is one of\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", choices=[*BENCHMARKS], metavar="NAME")
    parser.add_argument("--runs", type=int, help="how often to measure")
    parser.add_argument("--out", type=Path, help="write the outcome there, and no page")
    arguments = parser.parse_args()
    names = [name for name in BENCHMARKS if name not in {"all", "page"}]
    for name in names if arguments.name == "all" else [arguments.name]:
        if name in names:
            _measure(name, arguments.runs, arguments.out)
    if arguments.out is None:
        write_page()
    return 0


def _measure(name: str, runs: int | None, out: Path | None) -> None:
    module = importlib.import_module(f"benchmarks.{name.replace('-', '_')}")
    load = os.getloadavg()[0]
    try:
        result = module.measure(**({"runs": runs} if runs else {}))
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
