"""From bytes to text: UTF-8, or a sentence that says what is wrong."""

from pfi_common.errors import DocumentEmptyError, DocumentInvalidError, DocumentUnsupportedError

_UTF8_MARK = b"\xef\xbb\xbf"
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")


def decode(content: bytes) -> str:
    """Decodes a document.

    Raises:
        DocumentEmptyError: There is nothing to read.
        DocumentInvalidError: It is not UTF-8; says where.
        DocumentUnsupportedError: It is not text.
    """
    if content.startswith(_WIDE_MARKS):
        raise DocumentInvalidError("The text is encoded as UTF-16 or UTF-32, not as UTF-8.")
    body = content.removeprefix(_UTF8_MARK)
    if b"\x00" in body:
        raise DocumentUnsupportedError("The file holds zero bytes, so it is not text.")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise DocumentInvalidError(f"Byte {error.start} (line {line}) is not UTF-8.") from None
    if not text.strip():
        raise DocumentEmptyError
    return text
