"""Failures of private documents, and of answers that use them."""

from pfi_common.errors.base import PlatformError
from pfi_common.errors.catalog_entry import CatalogEntry


class DocumentUnknownError(PlatformError):
    """The caller has no such document."""

    reason = "DOCUMENT_UNKNOWN"
    entry = CatalogEntry(
        "NOT_FOUND",
        "There is no such document in your index.",
        "List your documents (`pfi-agent documents list`) and use an id or name from it.",
    )


class DocumentUnsupportedError(PlatformError):
    """The document is of a kind that cannot be read."""

    reason = "DOCUMENT_UNSUPPORTED"
    entry = CatalogEntry(
        "INVALID_ARGUMENT",
        "Documents of this kind cannot be read.",
        "Convert it to text, markdown or HTML, and add that.",
    )


class DocumentInvalidError(PlatformError):
    """The document's bytes are not what its kind or header says."""

    reason = "DOCUMENT_INVALID"
    entry = CatalogEntry(
        "INVALID_ARGUMENT",
        "The document's bytes are not what its kind or header says.",
        "Save the file as UTF-8 text and add it again.",
    )


class DocumentTooLargeError(PlatformError):
    """The document is larger than the service takes."""

    reason = "DOCUMENT_TOO_LARGE"
    entry = CatalogEntry(
        "INVALID_ARGUMENT",
        "The document is too large.",
        "Split the document, or raise `PFI_RAG_MAXIMUM_DOCUMENT_BYTES`.",
    )


class DocumentEmptyError(PlatformError):
    """The document has no text."""

    reason = "DOCUMENT_EMPTY"
    entry = CatalogEntry(
        "INVALID_ARGUMENT",
        "The document has no text.",
        "Leave it out, or add it when it has text.",
    )


class IndexLockedError(PlatformError):
    """Another process has the index open."""

    reason = "INDEX_LOCKED"
    entry = CatalogEntry(
        "FAILED_PRECONDITION",
        "Another process has the index open.",
        "Use the running service, or stop it first; one process owns an index.",
    )


class IndexForeignError(PlatformError):
    """The index was made by another key than the one that asks."""

    reason = "INDEX_FOREIGN"
    entry = CatalogEntry(
        "PERMISSION_DENIED",
        "The index belongs to another key.",
        "Ask with the device that made the index; a new device adds its documents anew.",
    )


class IndexDamagedError(PlatformError):
    """The index cannot be read."""

    reason = "INDEX_DAMAGED"
    entry = CatalogEntry(
        "DATA_LOSS",
        "The index cannot be read.",
        "Restore the folder from a backup, or forget everything and add the documents again.",
    )


class ForgetIncompleteError(PlatformError):
    """Text of a forgotten document was found in the store's files."""

    reason = "FORGET_INCOMPLETE"
    entry = CatalogEntry(
        "FAILED_PRECONDITION",
        "Text of a forgotten document is still in the store's files.",
        "Forget the document again; if it stays, delete the index folder and add the other "
        "documents again.",
        retryable=True,
    )


class EmbeddingModelInvalidError(PlatformError):
    """The embedding model is not the one that its digest names."""

    reason = "EMBEDDING_MODEL_INVALID"
    entry = CatalogEntry(
        "FAILED_PRECONDITION",
        "The embedding model is incomplete or altered.",
        "Install it again (`pfi-rag model install`), or remove it to search by words alone.",
    )


class PromptTooLongError(PlatformError):
    """The prompt is longer than the backbone takes."""

    reason = "PROMPT_TOO_LONG"
    entry = CatalogEntry(
        "INVALID_ARGUMENT",
        "The conversation is longer than the backbone can read.",
        "Shorten the conversation, or ask for fewer passages or tokens.",
    )


class ChatTemplateMissingError(PlatformError):
    """The backbone has no chat template."""

    reason = "CHAT_TEMPLATE_MISSING"
    entry = CatalogEntry(
        "FAILED_PRECONDITION",
        "The backbone has no chat template, so it cannot hold a conversation.",
        "Use an instruction-tuned backbone, or add a chat template to its tokenizer.",
    )


class RetrievalUnavailableError(PlatformError):
    """The private document index cannot be reached."""

    reason = "RETRIEVAL_UNAVAILABLE"
    entry = CatalogEntry(
        "UNAVAILABLE",
        "The private document index cannot be reached.",
        "Start it (`pfi-rag serve`), or ask without documents (`--no-documents`).",
        retryable=True,
    )
