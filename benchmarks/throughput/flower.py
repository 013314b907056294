"""The same rounds in Flower, by scripts that are not part of this repository.

`BENCH_PEERS` names a folder with `flower_bench.py`, which starts a whole deployment, runs
rounds without training and prints one JSON object; `BENCH_PEER_PYTHON` names the Python that
has Flower. The deployment gets a network namespace of its own, and the cores and the process tree
of this benchmark.
"""

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.throughput.scale import TENSORS, Scale

ONE_ROUND_FROM_CLIENTS = 32
"""From so many clients on one round is measured: it takes minutes, and a process a client."""
ROUND_SECONDS = 240.0
START_SECONDS = 180.0


class PeerFailed(Exception):  # noqa: N818 - ours did not
    """Flower did not do the rounds that it was asked for."""


@dataclass(frozen=True)
class Peers:
    """Where Flower is.

    Attributes:
        folder: Folder of `flower_bench.py`.
        python: Python of an environment with Flower.
    """

    folder: Path
    python: Path

    @classmethod
    def from_environment(cls) -> "Peers | None":
        """What the environment names; None when it names nothing.

        Raises:
            ValueError: It names one of the two, or something that is not there.
        """
        folder, python = map(os.environ.get, ("BENCH_PEERS", "BENCH_PEER_PYTHON"))
        if not folder and not python:
            return None
        if not folder or not python or not (Path(folder) / "flower_bench.py").is_file():
            raise ValueError("BENCH_PEERS and BENCH_PEER_PYTHON do not name what is needed")
        return cls(Path(folder), Path(python))

    def observe(self, scale: Scale, rounds: int) -> dict[str, Any]:
        """Runs some rounds, the first one apart, or a single one with many clients.

        Raises:
            PeerFailed: The deployment did not do the rounds.
        """
        single = scale.clients >= ONE_ROUND_FROM_CLIENTS
        asked = 1 if single else rounds + 1
        limit_seconds = asked * ROUND_SECONDS
        arguments = {
            "nodes": scale.clients, "size-mb": scale.megabytes, "arrays": TENSORS, "rounds": asked,
            "timeout": limit_seconds, "round-timeout": ROUND_SECONDS,
        }  # fmt: skip
        told = [text for name, value in arguments.items() for text in (f"--{name}", str(value))]
        printed = self.run("flower_bench.py", told, START_SECONDS + limit_seconds)
        return _observation(printed, asked, first_apart=not single)

    def run(self, script: str, told: Sequence[str], limit_seconds: float) -> dict[str, Any]:
        """Runs a script of the folder in a network namespace of its own.

        Returns:
            What it printed.

        Raises:
            PeerFailed: It did not end well in time.
        """
        command = [
            *("unshare", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up; exec "$@"'),
            *("sh", str(self.python), script, *told),
        ]
        environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
        try:
            done = subprocess.run(
                command, cwd=self.folder, env=environment, stdout=subprocess.PIPE,
                timeout=limit_seconds, check=True,
            )  # fmt: skip
        except subprocess.SubprocessError as error:
            raise PeerFailed(str(error)) from error
        printed: dict[str, Any] = json.loads(done.stdout)
        return printed


def _observation(printed: dict[str, Any], asked: int, *, first_apart: bool) -> dict[str, Any]:
    seconds = [each["total_s"] for each in printed.get("rounds", []) if each["ok"]]
    if len(seconds) != asked:
        raise PeerFailed(f"Flower did {len(seconds)} rounds of {asked}: {str(printed)[-1500:]}")
    return {
        "first_round_seconds": seconds[0],
        "round_seconds": seconds[1:] if first_apart else seconds,
        "cpu_seconds_per_round": {
            name: round(used / asked, 4) for name, used in printed["cpu_s"].items()
        },
        "peak_megabytes": printed["peak_rss_one_mb"],
        "versions": printed["versions"],
    }
