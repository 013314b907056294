"""Writes a report: text, JSON, plots, and the run that it was computed from."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pfi_cli.local.federation_file import write_atomically
from pfi_cli.report.build import build_report
from pfi_cli.report.elsewhere import elsewhere_sentence
from pfi_cli.report.figures import Report
from pfi_cli.report.plots import draw_plots
from pfi_cli.report.run_document import RUN_FILE
from pfi_cli.report.sources import Sources
from pfi_cli.report.words import markdown


@dataclass(frozen=True)
class WrittenReport:
    """A report and the folder with its files."""

    report: Report
    folder: Path


def write_report(document: Mapping[str, Any], sources: Sources, folder: Path) -> WrittenReport:
    """Builds a report and writes `report.md`, `report.json`, plots and `run.json`.

    Raises:
        ReportIncompleteError: Something is missing or damaged; nothing is written.
    """
    report = asyncio.run(build_report(document, sources))
    folder.mkdir(parents=True, exist_ok=True)
    draw_plots(report, folder)
    write_atomically(folder / RUN_FILE, json.dumps(document, indent=2) + "\n")
    write_atomically(folder / "report.json", report.model_dump_json(indent=2) + "\n")
    write_atomically(folder / "report.md", _text(report))
    return WrittenReport(report, folder)


def _text(report: Report) -> str:
    elsewhere = elsewhere_sentence(report)
    return "\n".join([markdown(report), *(["", elsewhere] if elsewhere else []), ""])
