"""`pfi-agent documents delete` and `forget`."""

from typing import Annotated

import typer
from rich.console import Console

from pfi.rag.v1 import retrieval_service_pb2 as wire
from pfi_client_agent.adapters.retrieval_link import RetrievalLink
from pfi_client_agent.entrypoints.documents import documents_as_json as as_document
from pfi_client_agent.entrypoints.documents.options import (
    RagCertificateOption,
    RagOption,
    Reach,
    resolve,
)
from pfi_client_agent.entrypoints.options import JsonOption, StateOption
from pfi_common.counting import counted

NamesArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="NAME|ID", help="Documents, by name or id.", show_default=False),
]


def delete(
    named: Annotated[
        list[str], typer.Argument(metavar="NAME|ID", help="Documents, by name or id.")
    ],
    state: StateOption = None,
    rag: RagOption = None,
    rag_certificate: RagCertificateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make documents unfindable at once.

    Their text stays in the files of the index until it is erased: see `forget`.

        pfi-agent documents delete notes/old-plan.md
    """

    async def work(link: RetrievalLink) -> dict[str, int]:
        listed = await link.documents()
        chosen = [resolve(item, listed) for item in named]
        return {item.name: await link.delete(item.document) for item in chosen}

    deleted = Reach(state, rag, rag_certificate).run(work)
    if as_json:
        as_document.print_json({"deleted": deleted})
        return
    console = Console()
    for name, passages in deleted.items():
        console.print(f"Deleted {name} (passages: {passages}).", markup=False, highlight=False)
    console.print("Erase what is left of them with: pfi-agent documents forget --deleted")


def forget(  # noqa: PLR0913, PLR0917 - one parameter per option
    named: NamesArgument = None,
    everything: Annotated[bool, typer.Option("--all", help="Erase the whole index.")] = False,
    deleted: Annotated[
        bool, typer.Option("--deleted", help="Erase what is left of documents deleted before.")
    ] = False,
    state: StateOption = None,
    rag: RagOption = None,
    rag_certificate: RagCertificateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase documents from the files of the index, and prove it.

    The index is written anew without them, and its raw files are searched for their text: 0 files
    is the proof. What was deleted or replaced before is erased, too.

        pfi-agent documents forget notes/diary.md

        pfi-agent documents forget --all
    """
    names = named or []
    if sum((bool(names), everything, deleted)) != 1:
        raise typer.BadParameter("name documents, or give --all or --deleted")

    async def work(link: RetrievalLink) -> wire.ForgetDocumentsResponse:
        if everything:
            return await link.forget(None)
        if deleted:
            return await link.forget([_NO_DOCUMENT])
        listed = await link.documents()
        return await link.forget([resolve(item, listed).document for item in names])

    report = Reach(state, rag, rag_certificate).run(work)
    if as_json:
        as_document.print_json(as_document.forgotten(report))
        return
    Console().print(
        erased_sentence(report),
        highlight=False,
    )


def erased_sentence(report: wire.ForgetDocumentsResponse) -> str:
    """Say what was erased and what the search for it in the files found."""
    documents, passages = counted(report.documents, "document"), counted(report.passages, "passage")
    were = "was" if report.kept_passages == 1 else "were"
    return (
        f"Erased {documents} ({passages}); {counted(report.kept_passages, 'passage')} {were} "
        f"kept.\nTheir text was found in {report.files_with_text} of "
        f"{counted(report.searched_files, 'file')} of the index."
    )


_NO_DOCUMENT = "d-0000000000000000"
"""Id of no document: nothing that is still listed is erased."""
