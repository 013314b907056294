from hypothesis import given
from hypothesis import strategies as st

from pfi_client_agent.domain.text_blocks import text_blocks

TEXTS = st.text(st.sampled_from("abc. \n\t\r!?é"), max_size=300)


def test_blank_lines_part_blocks_whatever_the_line_ends():
    expected = ["one\ntwo", "three"]
    assert list(text_blocks("one\ntwo\n \n\n three\n")) == expected
    assert list(text_blocks("one\r\ntwo\r\n\r\nthree")) == expected
    assert list(text_blocks("one\rtwo\r\rthree")) == expected


def test_long_paragraphs_are_cut_at_lines_then_sentences_then_words():
    assert list(text_blocks("aaaaaa\nbbbb. cc", maximum=10)) == ["aaaaaa", "bbbb. cc"]
    assert list(text_blocks("aaa bbb. ccc ddd", maximum=12)) == ["aaa bbb.", "ccc ddd"]
    assert list(text_blocks("aaa bbb ccc", maximum=8)) == ["aaa bbb", "ccc"]
    assert list(text_blocks("a" * 25, maximum=10)) == ["a" * 10, "a" * 10, "a" * 5]


@given(TEXTS, st.integers(1, 40))
def test_nothing_but_white_space_is_lost(text, maximum):
    blocks = list(text_blocks(text, maximum))
    assert "".join("".join(blocks).split()) == "".join(text.split())
    assert all(0 < len(block) <= maximum and block == block.strip() for block in blocks)
