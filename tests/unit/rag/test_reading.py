"""What kind of document something is, whether it can be read, and what its text is."""

import pytest

from pfi_common.errors import (
    DocumentEmptyError,
    DocumentInvalidError,
    DocumentUnsupportedError,
)
from pfi_rag.domain.decoding import decode
from pfi_rag.domain.media_types import MediaType, media_type_of
from pfi_rag.domain.reading import read
from pfi_rag.domain.splitting import split

PAGE = """<!DOCTYPE html>
<html><head><title>My page</title><style>p { color: red }</style>
<script>var secret = "script text";</script></head>
<body><h1>Top <b>bold</b></h1>
<p>First paragraph
over two lines.</p><p>Second<br>line &amp; entity</p>
<!-- a comment
of two lines -->
<table><tr><td>a</td><td>b</td></tr></table>
<h2>Sub</h2><ul><li>one<li>two</ul>
<pre>
def x():
    return 1
</pre></body></html>
"""


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("notes.md", b"x", MediaType.MARKDOWN),
        ("a/b/NOTES.MARKDOWN", b"x", MediaType.MARKDOWN),
        ("page.htm", b"x", MediaType.HTML),
        ("main.py", b"x", MediaType.SOURCE),
        ("Dockerfile", b"FROM x", MediaType.SOURCE),
        ("todo.txt", b"x", MediaType.TEXT),
        ("readme", b"x", MediaType.TEXT),
        ("readme", b"\xef\xbb\xbf\n <!DOCTYPE HTML><p>x", MediaType.HTML),
        ("odd.xyz", b"x", MediaType.TEXT),
    ],
)
def test_the_kind_is_told_by_name_and_content(name, content, expected):
    assert media_type_of(name, "", content) is expected


def test_the_caller_may_name_the_kind():
    assert media_type_of("x.txt", "text/markdown; charset=utf-8", b"x") is MediaType.MARKDOWN
    with pytest.raises(DocumentUnsupportedError, match="none of text/plain"):
        media_type_of("x.txt", "application/pdf", b"x")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", b"%PDF-1.7"),
        ("a.md", b"PK\x03\x04rest"),
        ("a", b"\x89PNG\r\n\x1a\n"),
        ("report.pdf", b"text"),
        ("letter.DOCX", b"text"),
        ("weights.safetensors", b"text"),
    ],
)
def test_binary_files_are_refused(name, content):
    with pytest.raises(DocumentUnsupportedError):
        media_type_of(name, "", content)


def test_undecodable_bytes_are_named_by_their_place():
    with pytest.raises(DocumentInvalidError, match=r"Byte 6 \(line 2\) is not UTF-8"):
        decode(b"good\nb\xe4d\n")
    with pytest.raises(DocumentInvalidError, match="UTF-16"):
        decode("text".encode("utf-16"))
    with pytest.raises(DocumentUnsupportedError, match="zero bytes"):
        decode(b"te\x00xt")


@pytest.mark.parametrize("content", [b"", b" \n\t\n", b"\xef\xbb\xbf"])
def test_empty_documents_are_refused(content):
    with pytest.raises(DocumentEmptyError):
        decode(content)


def test_a_mark_at_the_start_is_no_text():
    assert decode(b"\xef\xbb\xbfhello") == "hello"


def test_html_loses_scripts_styles_and_comments():
    text = "\n".join(passage.text for passage in split(read(MediaType.HTML, PAGE)))
    for dropped in ("script text", "color", "comment", "<"):
        assert dropped not in text
    for kept in ("Top bold", "First paragraph", "line & entity", "a b", "one", "    return 1"):
        assert kept in text


def test_html_headings_are_a_path_and_lines_are_those_of_the_markup():
    passages = split(read(MediaType.HTML, PAGE))
    assert [(p.headings, p.first_line, p.last_line) for p in passages] == [
        ((), 2, 2),
        (("Top bold",), 4, 9),
        (("Top bold", "Sub"), 10, 13),
    ]


@pytest.mark.parametrize(
    "page", ["<p>open", "</p></div>text", "<![CDATA[x]]>y", "&#xZZ; &nope; text", "<" * 200 + "t"]
)
def test_broken_html_is_read_all_the_same(page):
    assert split(read(MediaType.HTML, page))


def test_deeply_nested_html_is_read():
    assert split(read(MediaType.HTML, "<div>" * 5000 + "deep"))[0].text == "deep"


def test_deeply_nested_markdown_is_read():
    assert split(read(MediaType.MARKDOWN, "> " * 3000 + "deep"))


def test_markdown_keeps_what_its_parser_drops():
    text = "[ref]: http://example.org 'title'\n\ntext [ref]\n"
    assert "http://example.org" in split(read(MediaType.MARKDOWN, text))[0].text


def test_definitions_begin_blocks_of_source():
    text = "import os\n\n\ndef f():\n    a = 1\n\n    return a\n\n\nclass B:\n    pass\n"
    [section] = read(MediaType.SOURCE, text)
    assert [block.lines[0].text for block in section.blocks] == [
        "import os",
        "def f():",
        "class B:",
    ]
