"""Adds files to the index: skips what is there, sends the rest, and tells what became of each."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from pfi.common.v1.errors_pb2 import ErrorReason
from pfi.rag.v1 import retrieval_service_pb2 as wire
from pfi_client_agent.adapters.document_files import FOLDER_LABEL, DocumentFile, FoundFiles
from pfi_client_agent.adapters.retrieval_link import OutgoingDocument, RetrievalLink

MAXIMUM_FILE_BYTES = 256 << 20
"""No service takes larger documents, so they are not read."""

_LOOK_AGAIN_SECONDS = 0.5

_OUTCOMES = {
    wire.DOCUMENT_OUTCOME_ADDED: "added",
    wire.DOCUMENT_OUTCOME_REPLACED: "replaced",
    wire.DOCUMENT_OUTCOME_UNCHANGED: "unchanged",
    wire.DOCUMENT_OUTCOME_REFUSED: "refused",
}


@dataclass(frozen=True)
class FileResult:
    """What became of a file.

    Attributes:
        name: Name in the index.
        outcome: added, replaced, unchanged or refused.
        passages: Passages that it has.
        reason: Name of the reason when it was refused.
        detail: The reason in words.
    """

    name: str
    outcome: str
    passages: int = 0
    reason: str = ""
    detail: str = ""


Progress = Callable[[FileResult], None]
"""Told of each file as soon as it is known what became of it."""


@dataclass
class Report:
    """What became of everything.

    Attributes:
        results: One per file.
        vanished: Documents of the folders whose files are gone.
        pruned: True when they were deleted.
    """

    results: list[FileResult] = field(default_factory=list)
    vanished: list[str] = field(default_factory=list)
    pruned: bool = False

    def count(self, outcome: str) -> int:
        """How many files have this outcome."""
        return sum(result.outcome == outcome for result in self.results)


async def add_files(
    link: RetrievalLink, found: FoundFiles, progress: Progress, *, prune: bool
) -> Report:
    """Add files and look for those that are gone.

    Args:
        link: To the index.
        found: The files.
        progress: Told of each file.
        prune: True to delete documents whose files are gone.

    Raises:
        PlatformError: The index cannot be used. What was added until then stays.
    """
    report = Report(pruned=prune)
    known = {document.name: document for document in await link.documents()}

    def done(result: FileResult) -> None:
        report.results.append(result)
        progress(result)

    async for response in link.add(_to_send(found.files, known, done)):
        done(_result_of(response))
    report.vanished = [item.name for item in vanished(found, known)]
    if prune:
        for document in vanished(found, known):
            await link.delete(document.document)
    return report


async def wait_until_embedded(link: RetrievalLink) -> None:
    """Wait while passages are embedded again, which goes on only while the index is in use.

    Raises:
        PlatformError: The index cannot be used.
    """
    while (await link.index()).reindexing:  # noqa: ASYNC110 - the service tells when asked
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)


def vanished(found: FoundFiles, known: dict[str, wire.Document]) -> list[wire.Document]:
    """Give the documents of the walked folders whose files were not found again."""
    names = {file.name for file in found.files}
    return [
        document
        for name, document in known.items()
        if name not in names and _is_of_folder(document, found)
    ]


def _is_of_folder(document: wire.Document, found: FoundFiles) -> bool:
    beginning = found.folders.get(document.labels.get(FOLDER_LABEL, ""))
    return beginning is not None and document.name.startswith(beginning)


def _to_send(
    files: list[DocumentFile], known: dict[str, wire.Document], done: Progress
) -> Iterator[OutgoingDocument]:
    """Read one file after the other; those that need not or cannot be sent are done with here."""
    for file in files:
        outgoing = _read(file)
        before = known.get(file.name)
        if isinstance(outgoing, FileResult):
            done(outgoing)
        elif before is None:
            yield outgoing
        elif before.labels.get(FOLDER_LABEL, file.folder) != file.folder:
            done(_taken(file, before))
        elif before.content_sha256 == outgoing.content_sha256:
            done(FileResult(file.name, "unchanged", before.passages))
        else:
            yield outgoing


def _read(file: DocumentFile) -> OutgoingDocument | FileResult:
    try:
        size_bytes = file.path.stat().st_size
        if size_bytes > MAXIMUM_FILE_BYTES:
            detail = f"The file has {size_bytes:,} bytes; at most {MAXIMUM_FILE_BYTES:,} are read."
            return FileResult(file.name, "refused", 0, "DOCUMENT_TOO_LARGE", detail)
        content = file.path.read_bytes()
    except OSError as error:
        detail = f"The file cannot be read: {error.strerror}."
        return FileResult(file.name, "refused", 0, "DATA_UNREADABLE", detail)
    return OutgoingDocument(file.name, content, {FOLDER_LABEL: file.folder})


def _taken(file: DocumentFile, before: wire.Document) -> FileResult:
    detail = (
        f"A document of this name came from {before.labels[FOLDER_LABEL]}; "
        "give these files other names with --as."
    )
    return FileResult(file.name, "refused", 0, "INVALID_REQUEST", detail)


def _result_of(response: wire.AddDocumentsResponse) -> FileResult:
    refused = response.outcome == wire.DOCUMENT_OUTCOME_REFUSED
    reason = ErrorReason.Name(response.reason).removeprefix("ERROR_REASON_") if refused else ""
    outcome = _OUTCOMES[response.outcome]
    return FileResult(response.name, outcome, response.passages, reason, response.detail)
