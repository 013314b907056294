"""`pfi-agent documents list`, `search` and `status`."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pfi.rag.v1 import retrieval_service_pb2 as wire
from pfi_client_agent.entrypoints.documents import documents_as_json as as_document
from pfi_client_agent.entrypoints.documents.options import (
    RagCertificateOption,
    RagOption,
    Reach,
)
from pfi_client_agent.entrypoints.options import JsonOption, StateOption
from pfi_common.counting import counted

_MODES = {
    wire.RETRIEVAL_MODE_HYBRID: "by meaning and by words",
    wire.RETRIEVAL_MODE_BM25: "by words alone: no embedding model is installed, or it is not ready"
    " (pfi-rag model install)",
}


def list_documents(
    prefix: Annotated[
        str, typer.Option("--prefix", help="Only names that begin with this.", show_default=False)
    ] = "",
    state: StateOption = None,
    rag: RagOption = None,
    rag_certificate: RagCertificateOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the documents of the index, by name.

    pfi-agent documents list --prefix notes/
    """
    found = Reach(state, rag, rag_certificate).run(lambda link: link.documents(prefix))
    if as_json:
        as_document.print_json({"documents": [as_document.listed(item) for item in found]})
        return
    table = Table()
    table.add_column("name", overflow="fold")
    table.add_column("id", no_wrap=True)
    for title in ("passages", "bytes", "added"):
        table.add_column(title, no_wrap=True)
    for item in found:
        added = f"{item.add_time.ToDatetime():%Y-%m-%d}"
        size = f"{item.size_bytes:,}"
        table.add_row(Text(item.name), item.document, str(item.passages), size, added)
    Console().print(table)
    Console().print(counted(len(found), "document"), highlight=False)


def search(  # noqa: PLR0913, PLR0917 - one parameter per option
    words: Annotated[list[str], typer.Argument(help="What to look for: words or a question.")],
    limit: Annotated[int, typer.Option("--limit", min=1, max=50, help="Most passages shown.")] = 4,
    state: StateOption = None,
    rag: RagOption = None,
    rag_certificate: RagCertificateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find passages that speak of something, with their source.

    pfi-agent documents search how do I renew my certificate
    """
    query = " ".join(words)
    answer = Reach(state, rag, rag_certificate).run(lambda link: link.search(query, limit))
    if as_json:
        as_document.print_json(as_document.found(answer))
        return
    console = Console()
    for number, passage in enumerate(answer.passages, 1):
        console.print(Text(f"{number}. {_source(passage)}", style="bold"))
        console.print(Text(passage.text))
        console.print()
    if answer.no_evidence:
        console.print("Nothing in your documents speaks of this.", style="yellow")
    console.print(f"Searched {_MODES.get(answer.mode, '')}.", highlight=False)


def status(
    state: StateOption = None,
    rag: RagOption = None,
    rag_certificate: RagCertificateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how the index stands: documents, passages, model and size.

    pfi-agent documents status
    """
    report = Reach(state, rag, rag_certificate).run(lambda link: link.index())
    if as_json:
        as_document.print_json(as_document.index(report))
        return
    table = Table(show_header=False)
    table.add_row("documents", str(report.documents))
    table.add_row("passages", str(report.passages))
    table.add_row("searched", _MODES.get(report.mode, ""))
    table.add_row("embedding model", Text(report.embedding_model or "none"))
    table.add_row("bytes on disk", f"{report.stored_bytes:,}")
    table.add_row("store", report.store)
    if report.reindexing:
        table.add_row("", "passages are being embedded again, for the model changed")
    Console().print(table)


def _source(passage: wire.Passage) -> str:
    lines = f"lines {passage.first_line}-{passage.last_line}"
    headings = f" ({' > '.join(passage.headings)})" if passage.headings else ""
    return f"{passage.name}, {lines}{headings}, score {passage.score:.3f}"
