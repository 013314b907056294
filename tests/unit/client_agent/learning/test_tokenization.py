import pytest
from tests.support.client_agent.backbones import MARKED_TEMPLATE, PLAIN_TEMPLATE, byte_tokenizer

from pfi_client_agent.adapters.learning.tokenization import IGNORED, RowTokenizer
from pfi_client_agent.domain.rows import CompletionRow, Message, MessagesRow, TextRow

TALK = MessagesRow((Message("user", "hi"), Message("assistant", "yo"), Message("user", "ok")))


def tokens(row, template=MARKED_TEMPLATE, maximum=100):
    return RowTokenizer(byte_tokenizer(template), maximum).tokens(b"", row)


def text(ids):
    return byte_tokenizer().decode([token for token in ids if token != IGNORED])


def learnt(row, **arguments):
    return text(tokens(row, **arguments).labels)


def test_text_is_learnt_whole_and_ends():
    row = tokens(TextRow("abc"))
    assert text(row.ids) == "abc<|end|>"
    assert row.labels == row.ids


def test_an_end_that_is_there_is_not_doubled():
    assert text(tokens(TextRow("abc<|end|>")).ids) == "abc<|end|>"


def test_only_the_completion_is_learnt():
    row = tokens(CompletionRow("one ", "two"))
    assert text(row.ids) == "one two<|end|>"
    assert row.labels[:4] == [IGNORED] * 4
    assert text(row.labels) == "two<|end|>"


def test_only_marked_assistant_tokens_are_learnt():
    assert text(tokens(TALK).ids) == "user: hiassistant: yo<|end|>user: ok"
    assert learnt(TALK) == "yo<|end|>"


def test_a_template_without_marks_teaches_everything():
    assert learnt(TALK, template=PLAIN_TEMPLATE) == "user: hi\nassistant: yo\nuser: ok\n"


def test_without_a_template_turns_become_lines():
    assert text(tokens(TALK, template=None).ids) == "user: hi\nassistant: yo\nuser: ok\n"
    assert learnt(TALK, template=None) == " yo\n"


def test_rows_are_cut_at_the_end():
    assert text(tokens(TextRow("abcdef"), maximum=4).ids) == "abcd"


@pytest.mark.parametrize(
    ("row", "template", "maximum"),
    [
        (CompletionRow("a long prompt", "never seen"), MARKED_TEMPLATE, 5),
        (MessagesRow((Message("user", "hi"),)), MARKED_TEMPLATE, 100),
        (TextRow("a"), MARKED_TEMPLATE, 1),
        (TALK, "{{ raise_exception('no') }}", 100),
    ],
)
def test_a_row_without_anything_to_learn_gives_none(row, template, maximum):
    assert tokens(row, template=template, maximum=maximum) is None
