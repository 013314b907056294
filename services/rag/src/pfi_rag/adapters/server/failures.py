"""Failures of a Qdrant server, made typed."""

from http import HTTPStatus
from types import TracebackType

from qdrant_client.common.client_exceptions import QdrantException
from qdrant_client.http.exceptions import ApiException, UnexpectedResponse

from pfi_common.errors import SettingsInvalidError, StoreUnavailableError

_RETRY_SECONDS = 5.0
_REFUSED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


class ServerFailures:
    """A context in which failures of the server become errors of the platform.

    What the server said is left out: it may quote a request, and so text of a document.

    Raises:
        SettingsInvalidError: The server refuses the API key.
        StoreUnavailableError: Anything else.
    """

    def __enter__(self) -> None:
        """Begins."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends, and names the failure if there was one of the server's."""
        if isinstance(error, UnexpectedResponse) and error.status_code in _REFUSED:
            raise SettingsInvalidError(
                "The Qdrant server refuses PFI_RAG_SERVER_API_KEY."
            ) from None
        if isinstance(error, ApiException | QdrantException):
            raise StoreUnavailableError(
                "The Qdrant server cannot be used now.", retry_after_seconds=_RETRY_SECONDS
            ) from None
