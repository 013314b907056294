"""Writes docs/explanation/benchmarks.md and its pictures from the stored results."""

import json
from typing import Any

from tools.reference.tables import table

from benchmarks.machine import REPOSITORY
from benchmarks.names import BENCHMARKS
from benchmarks.plots import draw, picture_file, plot_module
from benchmarks.result import FOLDER

PAGE = REPOSITORY / "docs" / "explanation" / "benchmarks.md"
HEAD = """# Benchmarks

Written from `benchmarks/results/*.json` by `make bench NAME=page`; do not edit. Every figure names
the command that measures it, so you can measure it on your machine. Medians, with lowest and
highest of all runs.
"""

NUMBERS = ("median", "minimum", "maximum", "count")

Document = dict[str, Any]


def stored_results() -> list[Document]:
    """All results, in the order of the page."""
    files = [FOLDER / f"{name}.json" for name in BENCHMARKS]
    return [json.loads(file.read_text()) for file in files if file.is_file()]


def page_text(results: list[Document]) -> str:
    """The page."""
    parts = [HEAD]
    if results:
        parts.append(_targets(results))
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
    lines += _picture(result["name"])
    lines += [table(("quantity", "median", "lowest", "highest", "runs"), rows)]
    return "\n".join([*lines, *(note + "\n" for note in result["notes"]), _where(result)])


def _picture(name: str) -> list[str]:
    module = plot_module(name)
    path = f"../images/benchmarks/{picture_file(name).name}"
    return [f"![{module.ALT}]({path})\n"] if module else []


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


def write_page() -> None:
    """Writes the page, and the picture of each result that has one."""
    results = stored_results()
    PAGE.write_text(page_text(results))
    for result in results:
        draw(result, picture_file(result["name"]))
