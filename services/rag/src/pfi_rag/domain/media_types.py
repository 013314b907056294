"""What kind of document something is, told by its name and its first bytes."""

from enum import StrEnum
from pathlib import PurePosixPath

from pfi_common.errors import DocumentUnsupportedError


class MediaType(StrEnum):
    """Kinds of documents that are read."""

    TEXT = "text/plain"
    MARKDOWN = "text/markdown"
    HTML = "text/html"
    SOURCE = "text/x-source"


_SUFFIXES: dict[MediaType, str] = {
    MediaType.TEXT: "txt text log csv tsv rst adoc asciidoc org tex srt vtt",
    MediaType.MARKDOWN: "md markdown mdown mkd mdx",
    MediaType.HTML: "html htm xhtml",
    MediaType.SOURCE: "py pyi js mjs cjs jsx ts tsx java kt kts scala groovy c h cc cpp cxx hpp cs"
    " go rs rb php pl pm lua r jl swift m mm dart ex exs erl hs ml fs clj lisp el vim sh bash zsh"
    " fish ps1 bat sql graphql proto thrift css scss less vue svelte json jsonl yaml yml toml ini"
    " cfg conf properties env xml xsd xsl gradle cmake mk tf hcl nix dockerfile makefile ipynb",
}
_TYPES = {f".{suffix}": kind for kind, text in _SUFFIXES.items() for suffix in text.split()}
_BARE_NAMES = {"makefile", "dockerfile", "gnumakefile", "jenkinsfile", "vagrantfile"}

_BINARY_SUFFIXES = (
    "pdf doc docx odt rtf xls xlsx ods ppt pptx odp epub mobi pages numbers key"
    " png jpg jpeg gif bmp tif tiff webp ico heic psd mp3 mp4 wav flac ogg avi mov mkv webm m4a"
    " zip gz bz2 xz zst tar tgz 7z rar jar war whl egg deb rpm iso dmg exe dll so dylib a o obj"
    " class pyc pyo wasm bin dat db sqlite sqlite3 parquet arrow feather npy npz safetensors onnx"
    " pt pth ckpt h5 hdf5 pkl pickle ttf otf woff woff2 eot msg pst"
)
_BINARY = {f".{suffix}" for suffix in _BINARY_SUFFIXES.split()}
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "a PDF file"),
    (b"PK\x03\x04", "a zip archive or an office document"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an office document"),
    (b"\x89PNG\r\n", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x1f\x8b", "a compressed file"),
    (b"BZh", "a compressed file"),
    (b"\xfd7zXZ\x00", "a compressed file"),
    (b"\x28\xb5\x2f\xfd", "a compressed file"),
    (b"7z\xbc\xaf\x27\x1c", "a compressed file"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90\x00", "a program"),
    (b"{\\rtf", "an RTF document"),
    (b"SQLite format 3\x00", "a database"),
    (b"PAR1", "a Parquet file"),
)
_HTML_STARTS = (b"<!doctype html", b"<html")
_SNIFFED_BYTES = 1024


def media_type_of(name: str, given: str, content: bytes) -> MediaType:
    """Tells the kind of a document.

    Args:
        name: Of the document; its suffix is looked at.
        given: Media type that the caller names; empty to tell by name and content.
        content: The bytes.

    Raises:
        DocumentUnsupportedError: Nothing here can read it.
    """
    refuse_binary(name, content)
    if given:
        return _parse(given)
    path = PurePosixPath(name.lower())
    if path.name in _BARE_NAMES:
        return MediaType.SOURCE
    found = _TYPES.get(path.suffix)
    if found is None or found is MediaType.TEXT:
        start = content[:_SNIFFED_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
        return MediaType.HTML if start.startswith(_HTML_STARTS) else MediaType.TEXT
    return found


def refuse_binary(name: str, content: bytes) -> None:
    """Lets text pass.

    Raises:
        DocumentUnsupportedError: The content, or else the name, is that of a binary file.
    """
    for magic, meaning in _MAGIC:
        if content.startswith(magic):
            raise DocumentUnsupportedError(f"This is {meaning}, not text.")
    suffix = PurePosixPath(name.lower()).suffix
    if suffix in _BINARY:
        raise DocumentUnsupportedError(f"Files that end in {suffix} are not read as text.")


def _parse(given: str) -> MediaType:
    plain = given.partition(";")[0].strip().lower()
    try:
        return MediaType(plain)
    except ValueError:
        raise DocumentUnsupportedError(
            f"The media type is none of {', '.join(MediaType)}."
        ) from None
