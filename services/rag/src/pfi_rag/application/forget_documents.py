"""Erases documents from the files of the store."""

from collections.abc import Collection

from pfi_common.errors import ForgetIncompleteError, InvalidRequestError
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import get_logger
from pfi_rag.application.blocking import in_thread
from pfi_rag.application.meter import Meter
from pfi_rag.application.open_indexes import OpenIndexes
from pfi_rag.domain.documents import ForgetReport
from pfi_rag.domain.ownership import Owner

_MAXIMUM_DOCUMENTS = 10_000


class ForgetDocuments:
    """Deletes, rebuilds the store, and searches its raw files for what is left."""

    def __init__(self, indexes: OpenIndexes, meter: Meter) -> None:
        self._indexes = indexes
        self._meter = meter

    async def run(
        self, owner: Owner, documents: Collection[str], *, everything: bool
    ) -> ForgetReport:
        """Erases documents, and what was deleted before.

        Args:
            owner: Whose documents.
            documents: Their ids; one that is not there counts for nothing.
            everything: True for the whole index; then no id may be given.

        Raises:
            InvalidRequestError: Neither ids nor `everything`, or both, or too many ids.
            ForgetIncompleteError: Text was found in the files afterwards.
            PlatformError: The index cannot be used.
        """
        _check(documents, everything=everything)
        async with self._indexes.writing(owner) as store:
            report = await in_thread(store.forget, None if everything else frozenset(documents))
        self._meter.forgotten(report)
        get_logger().info(Event.DOCUMENTS_FORGOTTEN, count=report.documents)
        if report.files_with_text:
            raise ForgetIncompleteError(
                f"Text was found in {report.files_with_text} of {report.searched_files} files."
            )
        return report


def _check(documents: Collection[str], *, everything: bool) -> None:
    if everything == bool(documents):
        raise InvalidRequestError("name documents, or ask for everything, and not both")
    if len(documents) > _MAXIMUM_DOCUMENTS:
        raise InvalidRequestError(f"at most {_MAXIMUM_DOCUMENTS:,} documents in one call")
