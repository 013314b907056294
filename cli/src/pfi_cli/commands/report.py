"""`pfi report`: what a run achieved, from what is stored."""

from pathlib import Path
from typing import Annotated

import typer

from pfi_cli.commands.connected import StateOption, settings_with
from pfi_cli.commands.options import JsonOption, RunArgument
from pfi_cli.local.layout import StateLayout
from pfi_cli.output.console import print_json, say, stdout


def report(
    run: RunArgument,
    agents: Annotated[
        list[Path] | None,
        typer.Option(
            help="State folders of all agents of the run. Default: those below the state folder, "
            "which may be those of some."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the report. Default: reports/RUN in the state.")
    ] = None,
    state: StateOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Report on a completed run: losses per client, bytes, time; as text, JSON and plots.

    Everything is computed from stored artifacts and metrics, and checked: digests of the shared
    adapters, signatures of their lineage, counted updates, and the personal adapters of agents on
    this machine. What is missing or damaged fails the report; clients whose agents run on other
    machines are named.

    Example: `pfi report assistants --out reports/assistants`
    """
    from pfi_cli.report.elsewhere import elsewhere_sentence
    from pfi_cli.report.run_document import find_run_document
    from pfi_cli.report.sources import local_sources
    from pfi_cli.report.terminal import print_report
    from pfi_cli.report.write import write_report

    layout = StateLayout(settings_with(state=state).state)
    document = find_run_document(layout, run)
    folder = out or layout.reports / str(document["name"])
    written = write_report(document, local_sources(layout, agents), folder)
    if json:
        print_json(written.report.model_dump(mode="json"))
        return
    print_report(written.report, stdout())
    elsewhere = elsewhere_sentence(written.report)
    if elsewhere:
        say(elsewhere)
    say(f"report and plots: {written.folder}")
