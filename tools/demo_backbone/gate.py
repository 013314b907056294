"""Write the questions that the shipped backbone must answer; drawn once and kept as a file.

Run ``python -m tools.demo_backbone.gate FILE`` from the root of the repository.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from random import Random

from pfi_cli.demo.facts import Exchange, FactWorld, draw_exchange
from pfi_cli.demo.vocabulary import Split

SEED = 20_261_122
_CASES: tuple[tuple[Split, int], ...] = (("train", 120), ("held_out", 60))


def draw_gate() -> Iterator[tuple[Split, Exchange]]:
    """Draw the questions: entities are always held out, wordings are trained or held out."""
    random = Random(SEED)
    for wordings, count in _CASES:
        world = FactWorld(entities="held_out", wordings=wordings)
        for _ in range(count):
            yield wordings, draw_exchange(random, world)


def read_gate(path: Path, wordings: Split) -> list[Exchange]:
    """Read the questions of one kind of wording."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [
        Exchange(tuple(row["passages"]), row["question"], row["answer"])
        for row in rows
        if row["wordings"] == wordings
    ]


def main() -> None:
    """Write the file that is named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    lines = [json.dumps({"wordings": kind, **asdict(item)}) for kind, item in draw_gate()]
    parser.parse_args().file.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
