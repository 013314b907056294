"""Writes docs/explanation/benchmarks.md and its plot from the stored results."""

import json
from pathlib import Path
from typing import Any

import matplotlib
from tools.reference.tables import table

from benchmarks.machine import REPOSITORY
from benchmarks.result import FOLDER

PAGE = REPOSITORY / "docs" / "explanation" / "benchmarks.md"
PLOT = REPOSITORY / "docs" / "images" / "benchmarks.png"
ORDER = (
    "installation",
    "demo",
    "round-overhead",
    "training-throughput",
    "gpu-training",
    "memory",
    "answers",
    "fleet",
    "retrieval",
)
HEAD = """# Benchmarks

Written from `benchmarks/results/*.json` by `make bench NAME=page`; do not edit. Every figure names
the command that measures it, so you can measure it on your machine. Medians, with lowest and
highest of all runs.
"""

NUMBERS = ("median", "minimum", "maximum", "count")
PICTURE = "![Round overhead and memory, with their limits](../images/benchmarks.png)\n"

Document = dict[str, Any]


def stored_results() -> list[Document]:
    """All results, in the order of the page."""
    files = [FOLDER / f"{name}.json" for name in ORDER]
    return [json.loads(file.read_text()) for file in files if file.is_file()]


def page_text(results: list[Document]) -> str:
    """The page."""
    parts = [HEAD]
    if results:
        parts += [_targets(results), PICTURE]
    return "\n".join(parts + [_section(result) for result in results])


def _targets(results: list[Document]) -> str:
    targets = [item for result in results for item in result["targets"]]
    rows = [
        (f"{item['what']}: {item['target']}", item["value"], "yes" if item["met"] else "**no**")
        for item in targets
    ]
    return table(("aim", "measured", "met"), rows)


def _section(result: Document) -> str:
    rows = [
        (f"{row['what']} ({row['unit']})", *(f"{row[key]:g}" for key in NUMBERS))
        for row in result["rows"]
    ]
    lines = [f"## {result['name']}\n", result["about"] + "\n", f"```sh\n{result['command']}\n```\n"]
    lines += [table(("quantity", "median", "lowest", "highest", "runs"), rows)]
    return "\n".join([*lines, *(note + "\n" for note in result["notes"]), _where(result)])


def _where(result: Document) -> str:
    machine = result["machine"]
    parts = [
        f"Commit {result['commit'][:12]}{result['commit'][40:]}",
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB",
        machine["system"],
        f"load average before it {machine['load_before']}",
        ", ".join(f"{name} {version}" for name, version in result["versions"].items()),
    ]
    return "; ".join(parts) + ".\n"


def draw(results: list[Document], path: Path) -> None:
    """The plot: overhead of every round, and memory, each with its limit."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    by_name = {result["name"]: result for result in results}
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    overheads = by_name.get("round-overhead", {}).get("measured", {}).get("overhead_seconds", [])
    left.plot(
        sorted(overheads),
        [n / len(overheads) for n in range(1, len(overheads) + 1)],
        drawstyle="steps-post",
    )
    left.axvline(0.5, color="tab:red", linestyle="--", label="limit")
    left.set(xlabel="round overhead (s)", ylabel="share of rounds", xlim=(0, None), ylim=(0, 1.02))
    left.legend(frameon=False)
    rows = [row for row in by_name.get("memory", {}).get("rows", []) if row["unit"] == "MB"]
    names = [row["what"].removeprefix("peak memory of ") for row in rows]
    right.barh(names, [row["median"] for row in rows], color="tab:blue")
    for name, limit in (("coordinator", 150), ("aggregator", 250)):
        if name in names:
            place = names.index(name)
            right.plot([limit, limit], [place - 0.4, place + 0.4], color="tab:red", linestyle="--")
    right.set(xlabel="peak memory (MB)")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120, metadata={"Software": None})
    pyplot.close(figure)


def write_page() -> None:
    """Writes page and plot."""
    results = stored_results()
    PAGE.write_text(page_text(results))
    if results:
        draw(results, PLOT)
