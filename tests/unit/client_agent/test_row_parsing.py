import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pfi_client_agent.domain.row_parsing import BadRowError, parse_row
from pfi_client_agent.domain.rows import (
    CompletionRow,
    Message,
    MessagesRow,
    TextRow,
    content_digest,
)

WORDS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1).filter(lambda t: t.strip())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KNOWN_KEYS = st.sampled_from(["text", "messages", "prompt", "completion", "role", "content"])


def test_reads_each_kind_and_ignores_other_columns():
    assert parse_row({"text": "hello", "id": 3}) == TextRow("hello")
    assert parse_row({"prompt": "", "completion": "yes"}) == CompletionRow("", "yes")
    turn = {"role": "user", "content": "hi", "name": "x"}
    assert parse_row({"messages": [turn]}) == MessagesRow((Message("user", "hi"),))


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (None, "is missing or null, not an object"),
        ([1], "is a list, not an object"),
        ({}, "has none of text, messages, prompt/completion; the object is empty"),
        ({"body": "x"}, "its keys are body"),
        ({"text": " \n"}, "`text` is empty"),
        ({"text": 3}, "`text` is a number, not text"),
        ({"text": "a", "prompt": "b"}, "has text and prompt/completion; keep one of them"),
        ({"prompt": "a"}, "has no `completion`"),
        ({"completion": "a"}, "has no `prompt`"),
        ({"prompt": "a", "completion": ""}, "`completion` is empty"),
        ({"messages": []}, "not a list with at least one message"),
        ({"messages": ["hi"]}, "`messages[0]` is text, not an object"),
        ({"messages": [{"role": "user"}]}, "`messages[0].content` is missing or null"),
        ({"messages": [{"content": "x"}]}, "`messages[0].role` is missing or null"),
        ({"text": "\ud800"}, "half of a surrogate pair"),
    ],
)
def test_says_what_is_wrong(document, reason):
    with pytest.raises(BadRowError) as raised:
        parse_row(document)
    assert reason in str(raised.value)


def row_or_reason(document):
    try:
        return parse_row(document)
    except BadRowError as error:
        return str(error)


@given(JSON | st.dictionaries(KNOWN_KEYS, JSON))
def test_any_json_value_is_a_row_or_a_reason(document):
    outcome = row_or_reason(document)
    assert outcome.isprintable() if isinstance(outcome, str) else content_digest(outcome)


@given(st.lists(WORDS, min_size=2, max_size=2))
def test_digest_tells_kinds_and_fields_apart(words):
    first, second = words
    rows = [
        TextRow(first + second),
        CompletionRow(first, second),
        CompletionRow(first + second, second),
        MessagesRow((Message(first, second),)),
        MessagesRow((Message(first, second), Message(first, second))),
    ]
    assert len({content_digest(row) for row in rows}) == len(rows)
    again = parse_row(json.loads(json.dumps({"prompt": first, "completion": second})))
    assert content_digest(again) == content_digest(rows[1])


@pytest.mark.parametrize(
    ("label", "read"),
    [("spam", "spam"), (" ham ", "ham"), (3, "3"), (True, "true"), (None, None), ("", None),
     (1.5, None), ([], None), ("\ud800", None)],
)  # fmt: skip
def test_labels_of_texts(label, read):
    assert parse_row({"text": "a", "label": label}) == TextRow("a", read)
    assert content_digest(TextRow("a")) != content_digest(TextRow("a", "b"))
