"""Passages hold everything, in order, within bounds, and never reach across headings."""

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pfi_rag.domain.measure import OVERLAP_WORDS, TARGET_WORDS, count_words
from pfi_rag.domain.media_types import MediaType
from pfi_rag.domain.reading import read
from pfi_rag.domain.splitting import split
from pfi_rag.domain.text import split_lines

LONGEST_WORDS = TARGET_WORDS + 25
"""A small rest may be joined to the passage before it."""

WORDS = ("federation", "a", "of", "the", "adapter.", "round;", "why?", "值", "x" * 40, "`code`")
STARTS = (
    "", "", "", "# Title ", "## Sub ", "- item ", "1. item ", "> quote ", "    indented ",
    "```\n", "| a | b |", "def f(x):", "[ref]: http://example.org", "---", "<div>", "\t",
)  # fmt: skip
VERBATIM = [MediaType.TEXT, MediaType.MARKDOWN, MediaType.SOURCE]

lines = st.builds(
    lambda start, words: start + " ".join(words),
    st.sampled_from(STARTS),
    st.lists(st.sampled_from(WORDS), max_size=40),
)
documents = st.lists(lines, max_size=60).map("\n".join)


def passages_of(media_type: MediaType, text: str):
    return split(read(media_type, text))


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("media_type", VERBATIM)
@given(text=documents)
@settings(max_examples=150, deadline=None)
def test_every_line_lies_in_a_passage(media_type, text):
    passages = passages_of(media_type, text)
    for line in split_lines(text):
        if line.blank:
            continue
        holders = [p for p in passages if p.first_line <= line.number <= p.last_line]
        assert holders, line
        held = squeezed("".join(passage.text for passage in holders))
        assert all(squeezed(word) in held for word in line.text.split()), line


@pytest.mark.parametrize("media_type", VERBATIM)
@given(text=st.text(max_size=2000))
@settings(max_examples=150, deadline=None)
def test_any_text_is_split_whole(media_type, text):
    passages = passages_of(media_type, text)
    numbers = {line.number for line in split_lines(text) if not line.blank}
    held = {n for p in passages for n in range(p.first_line, p.last_line + 1)}
    assert numbers <= held


@pytest.mark.parametrize("media_type", list(MediaType))
@given(text=documents)
@settings(max_examples=150, deadline=None)
def test_passages_are_ordered_and_bounded(media_type, text):
    passages = passages_of(media_type, text)
    count = len(split_lines(text))
    assert [passage.position for passage in passages] == list(range(len(passages)))
    for passage in passages:
        assert passage.text.strip()
        assert 1 <= passage.first_line <= passage.last_line <= count
        assert count_words(passage.text) <= LONGEST_WORDS
    for before, after in pairwise(passages):
        assert before.first_line <= after.first_line
        assert before.last_line <= after.last_line


@pytest.mark.parametrize("media_type", list(MediaType))
@given(text=documents)
@settings(max_examples=50, deadline=None)
def test_the_same_text_gives_the_same_passages(media_type, text):
    assert passages_of(media_type, text) == passages_of(media_type, text)


@given(text=documents)
@settings(max_examples=100, deadline=None)
def test_line_ends_do_not_matter(text):
    plain = passages_of(MediaType.MARKDOWN, text)
    assert passages_of(MediaType.MARKDOWN, text.replace("\n", "\r\n")) == plain


def prose(words: int, seed: int = 1) -> str:
    """Sentences of 8 words."""
    rng = random.Random(seed)
    made = [f"w{rng.randrange(10_000)}" for _ in range(words)]
    sentences = [" ".join(made[i : i + 8]) + "." for i in range(0, words, 8)]
    return " ".join(sentences)


def test_long_prose_is_cut_between_sentences_with_overlap():
    passages = passages_of(MediaType.TEXT, prose(600))
    assert len(passages) > 4
    for before, after in pairwise(passages):
        assert before.text.endswith(".")
        shared = next(
            n for n in range(OVERLAP_WORDS, 0, -1)
            if before.text.split()[-n:] == after.text.split()[:n]
        )  # fmt: skip
        assert shared == 16  # two whole sentences


def test_a_passage_has_about_the_target():
    sizes = [count_words(p.text) for p in passages_of(MediaType.TEXT, prose(3000))]
    assert sum(sizes) / len(sizes) > 0.8 * TARGET_WORDS


def test_no_passage_reaches_across_a_heading():
    text = "# One\n\nalpha alpha\n\n## Two\n\nbeta\n\n# Three\n\ngamma\n"
    assert [(p.headings, p.text) for p in passages_of(MediaType.MARKDOWN, text)] == [
        (("One",), "# One\n\nalpha alpha"),
        (("One", "Two"), "## Two\n\nbeta"),
        (("Three",), "# Three\n\ngamma"),
    ]


def test_headings_lose_their_markup_and_setext_ones_count():
    text = "Main *part*\n===========\n\ntext\n\n### Deep `code` [link](x)\n\nmore\n"
    found = passages_of(MediaType.MARKDOWN, text)
    assert [p.headings for p in found] == [("Main part",), ("Main part", "Deep code link")]
    assert (found[0].first_line, found[0].last_line) == (1, 4)


def test_what_looks_like_a_heading_in_code_is_none():
    text = "# A\n\n```sh\n# not a heading\nls\n```\n"
    assert [p.headings for p in passages_of(MediaType.MARKDOWN, text)] == [("A",)]


def test_long_functions_are_kept_together_where_they_fit():
    function = "def f{n}(x):\n" + "\n".join(f"    y{i} = x + {i}" for i in range(12)) + "\n"
    text = "\n".join(function.format(n=n) + "    return {x}\n" for n in range(12))
    passages = passages_of(MediaType.SOURCE, text)
    assert len(passages) > 3
    starts = [p.text.count("def ") for p in passages]
    assert sum(starts) >= 12
    assert all(count >= 1 for count in starts)


def test_one_endless_line_is_cut():
    passages = passages_of(MediaType.SOURCE, "x" * 20_000)
    assert len(passages) > 20
    assert {(p.first_line, p.last_line) for p in passages} == {(1, 1)}
    assert max(count_words(p.text) for p in passages) <= TARGET_WORDS


def test_scripts_without_spaces_are_measured_by_characters():
    passages = passages_of(MediaType.TEXT, "这是一个关于联邦学习的句子。" * 100)
    assert len(passages) > 4
