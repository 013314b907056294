"""Parquet files, folders and data sets."""

import sys
from fractions import Fraction

import datasets
import pyarrow
import pytest
from pyarrow import parquet
from tests.support.client_agent.rows import write_rows

from pfi_client_agent.adapters.data_file import read_data
from pfi_client_agent.domain.columns import Columns, ColumnsInvalidError, parse_columns
from pfi_client_agent.domain.reading import Reading
from pfi_client_agent.domain.rows import CompletionRow, Message, MessagesRow, TextRow
from pfi_common.errors import DataUnreadableError, ExtraMissingError

BODY = Reading(parse_columns("text=body,label=category"))


def write_parquet(path, columns, **options):
    parquet.write_table(pyarrow.table(columns), path, **options)
    return path


def rows_of(data):
    return list(data.rows.values())


def test_parquet_rows_of_every_row_group(tmp_path):
    texts = [f"row {number}" for number in range(25)] + [None, " "]
    path = write_parquet(tmp_path / "a.parquet", {"text": texts, "id": range(27)}, row_group_size=4)
    data = read_data(path)
    assert rows_of(data) == [TextRow(f"row {number}") for number in range(25)]
    assert [(bad.place, bad.reason) for bad in data.bad_rows] == [
        ("row 26", "has none of text, messages, prompt/completion; the object is empty"),
        ("row 27", "`text` is empty"),
    ]


def test_parquet_conversations_and_labels(tmp_path):
    turns = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]
    table = {"text": ["a", None, None], "label": [3, None, None], "messages": [None, turns, None],
             "prompt": [None, None, "p"], "completion": [None, None, "c"]}  # fmt: skip
    assert rows_of(read_data(write_parquet(tmp_path / "a.parquet", table))) == [
        TextRow("a", "3"),
        MessagesRow((Message("user", "hi"), Message("assistant", "ho"))),
        CompletionRow("p", "c"),
    ]


def test_columns_are_mapped(tmp_path):
    table = {"body": ["a", "b"], "category": ["x", "y"], "text": ["no", "no"]}
    path = write_parquet(tmp_path / "a.parquet", table)
    assert rows_of(read_data(path, BODY)) == [TextRow("a", "x"), TextRow("b", "y")]
    (tmp_path / "a.jsonl").write_text('{"body": "a", "category": "x"}\n{"text": "b"}\n')
    data = read_data(tmp_path / "a.jsonl", BODY)
    assert (rows_of(data), data.bad_rows[0].reason) == (
        [TextRow("a", "x")], "has none of the keys body, category",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "reading", "message"),
    [
        ({"txt": ["a"], "n": [1]}, Reading(), "no column that rows are made of.*txt, n.*--columns"),
        ({"label": ["a"]}, Reading(), "no column that rows are made of"),
        ({"text": ["a"]}, BODY, "no column body, category"),
        ({"text": ["a"]}, Reading(speaker="ADA"), "speakers are found in plain text alone"),
    ],
)
def test_tables_that_do_not_fit(tmp_path, columns, reading, message):
    with pytest.raises(DataUnreadableError, match=message):
        read_data(write_parquet(tmp_path / "a.parquet", columns), reading)


def test_a_damaged_parquet_file(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(DataUnreadableError, match="cannot be read as parquet"):
        read_data(tmp_path / "a.parquet")
    with pytest.raises(DataUnreadableError, match="No such file"):
        read_data(tmp_path / "absent.parquet")


@pytest.mark.parametrize("text", ["text", "text=", "body=text", "text=a,text=b", "=a", ""])
def test_columns_that_cannot_be_read(text):
    with pytest.raises(ColumnsInvalidError):
        parse_columns(text)
    assert Columns().wanted == ("text", "label", "messages", "prompt", "completion")


def test_a_folder_is_read_in_order_and_says_what_it_skipped(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "hidden.txt").write_text("never")
    write_rows(tmp_path / "b" / "two.jsonl", ["c", "a"])
    (tmp_path / "a.md").write_text("# A title\n\na")
    (tmp_path / "c.txt").write_text("d\n\ne")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / "bad.txt").write_bytes(b"\xff\xff")
    (tmp_path / "z.jsonl").write_text('{"text": "f"}\nnonsense\n')
    write_parquet(tmp_path / "z.parquet", {"text": ["g", ""]})
    data = read_data(tmp_path)
    assert [row.text for row in rows_of(data)] == ["# A title", "a", "c", "d", "e", "f", "g"]
    assert (data.files_read, data.rows_read, data.duplicate_count, data.bad_count) == (5, 10, 1, 2)
    assert [bad.place for bad in data.bad_rows] == ["z.jsonl line 2", "z.parquet row 2"]
    skipped = {item.file: item.reason for item in data.skipped_files}
    assert skipped.keys() == {".git", "picture.png", "bad.txt"}
    assert skipped["picture.png"].startswith("ends in `.png`")
    assert skipped["bad.txt"].startswith("is not UTF-8: line 1")
    data.require_usable(Fraction(1, 2))


def test_a_folder_without_data(tmp_path):
    with pytest.raises(DataUnreadableError, match="is empty"):
        read_data(tmp_path)
    (tmp_path / "a.csv").write_text("a")
    with pytest.raises(DataUnreadableError, match=r"no file that can be read: a\.csv ends in"):
        read_data(tmp_path)


@pytest.fixture
def saved(tmp_path):
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["no", "yes"])}
    )
    rows = {"text": ["a", "b", "c"], "label": [0, 1, -1]}
    part = datasets.Dataset.from_dict(rows, features=features)
    part.save_to_disk(tmp_path / "one")
    datasets.DatasetDict({"train": part, "test": part.select([1])}).save_to_disk(tmp_path / "all")
    datasets.DatasetDict({"left": part, "right": part}).save_to_disk(tmp_path / "sides")
    return tmp_path


def test_saved_data_sets(saved):
    expected = [TextRow("a", "no"), TextRow("b", "yes"), TextRow("c")]
    for source in (saved / "one", f"datasets:{saved / 'one'}", saved / "all",
                   f"datasets:{saved / 'sides'}:right"):  # fmt: skip
        assert rows_of(read_data(source)) == expected
    assert rows_of(read_data(f"datasets:{saved / 'all'}:test")) == [TextRow("b", "yes")]


@pytest.mark.parametrize(
    ("source", "message"),
    [("sides", "no split train; name one of left, right"), ("all:other", "no split other"),
     ("nowhere", "cannot be loaded")],
)  # fmt: skip
def test_data_sets_that_are_not_there(saved, monkeypatch, source, message):
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    with pytest.raises(DataUnreadableError, match=message):
        read_data(f"datasets:{saved}/{source}")


def test_without_the_library_the_extra_is_named(saved, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(ExtraMissingError, match=r"pfi-client-agent\[datasets\]"):
        read_data(f"datasets:{saved / 'one'}")
