"""`pfi-agent documents add`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from pfi_client_agent.adapters.document_files import FoundFiles, find_files
from pfi_client_agent.adapters.retrieval_link import RetrievalLink
from pfi_client_agent.entrypoints.documents.adding import (
    FileResult,
    Report,
    add_files,
    wait_until_embedded,
)
from pfi_client_agent.entrypoints.documents.documents_as_json import print_json
from pfi_client_agent.entrypoints.documents.options import (
    RagCertificateOption,
    RagOption,
    Reach,
)
from pfi_client_agent.entrypoints.options import JsonOption, StateOption

_SHOWN_VANISHED = 20


def add(  # noqa: PLR0913, PLR0917 - one parameter per option
    paths: Annotated[
        list[Path],
        typer.Argument(help="Files and folders: text, markdown, HTML and source files in UTF-8."),
    ],
    name: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="NAME",
            help="What the names of the documents begin with, in place of the folder's own name; "
            "with one path only.",
            show_default=False,
        ),
    ] = None,
    prune: Annotated[
        bool,
        typer.Option("--prune", help="Delete documents of the folders whose files are gone."),
    ] = False,
    state: StateOption = None,
    rag: RagOption = None,
    rag_certificate: RagCertificateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add files and folders to the index of this device.

    Files that did not change are skipped, so the command can be repeated at any time, also after an
    interruption. Of a folder, hidden files, build folders, binary files and links that lead out of
    it are left out. A file that cannot be read is told with the reason; the others are added. When
    an embedding model was installed meanwhile, the command waits until it embedded everything.

        pfi-agent documents add ~/notes

        pfi-agent documents add handbook.md ~/papers --prune
    """
    if name is not None and len(paths) != 1:
        raise typer.BadParameter("--as goes with one path")
    found = find_files(paths, name)
    console = Console(stderr=True)
    with _bar(console, hidden=as_json) as bar:
        task = bar.add_task("reading", total=len(found.files))

        def progress(result: FileResult) -> None:
            bar.update(task, advance=1, description=result.name[-40:].replace("[", "("))

        async def work(link: RetrievalLink) -> Report:
            report = await add_files(link, found, progress, prune=prune)
            bar.update(task, description="embedding again what an earlier model embedded")
            await wait_until_embedded(link)
            return report

        report = Reach(state, rag, rag_certificate).run(work)
    if as_json:
        print_json(_document(report, found))
    else:
        _print(report, found)


def _bar(console: Console, *, hidden: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("files"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=hidden or not console.is_terminal,
    )


def _document(report: Report, found: FoundFiles) -> dict[str, object]:
    return {
        "documents": [vars(result) for result in report.results],
        "vanished": report.vanished,
        "pruned": report.pruned,
        "left_out": dict(found.left_out),
    }


def _print(report: Report, found: FoundFiles) -> None:
    console = Console()
    counts = [
        f"{report.count(outcome)} {outcome}"
        for outcome in ("added", "replaced", "unchanged", "refused")
    ]
    passages = sum(result.passages for result in report.results)
    console.print(f"{', '.join(counts)}; {passages} passages in these files.", highlight=False)
    refused = [result for result in report.results if result.outcome == "refused"]
    if refused:
        console.print(_refused_table(refused))
    if found.left_out:
        kinds = ", ".join(f"{count} {kind}" for kind, count in found.left_out.most_common())
        console.print(f"Left out, not text: {kinds}", markup=False, highlight=False)
    if report.vanished:
        _print_vanished(console, report)
    if report.count("added") + report.count("replaced"):
        console.print("Next: pfi-agent documents search WORDS", highlight=False)


def _refused_table(refused: list[FileResult]) -> Table:
    table = Table("file", "reason", "", title="Refused", title_justify="left")
    for result in refused:
        # Names and sentences are the user's own and the service's: no markup is read in them.
        table.add_row(*(_plain(text) for text in (result.name, result.reason, result.detail)))
    return table


def _print_vanished(console: Console, report: Report) -> None:
    done = "Deleted" if report.pruned else "Their files are gone (delete them with --prune)"
    console.print(f"{done}:", markup=False, highlight=False)
    for name in report.vanished[:_SHOWN_VANISHED]:
        console.print(f"  {name}", markup=False, highlight=False)
    if len(report.vanished) > _SHOWN_VANISHED:
        console.print(f"  and {len(report.vanished) - _SHOWN_VANISHED} more", highlight=False)


def _plain(text: str) -> str:
    return text.replace("[", r"\[")
