import json
from fractions import Fraction

import pytest

from pfi_client_agent.adapters.data_file import read_data
from pfi_client_agent.domain.rows import TextRow
from pfi_common.errors import DataTooManyBadRowsError, DataUnreadableError


def write(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def lines(*rows):
    return "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)


def test_counts_rows_duplicates_and_bad_rows_with_line_numbers(tmp_path):
    content = lines({"text": "a"}, "", {"text": "a"}, "{oops", {"text": "b"}, {"txt": "c"})
    data = read_data(write(tmp_path, "notes.jsonl", "\ufeff" + content))
    assert list(data.rows.values()) == [TextRow("a"), TextRow("b")]
    assert (data.rows_read, data.duplicate_count, data.bad_count) == (5, 1, 2)
    assert [bad.line_number for bad in data.bad_rows] == [4, 6]
    assert "column 2" in data.bad_rows[0].reason
    assert "its keys are txt" in data.bad_rows[1].reason


def test_shows_the_first_ten_bad_rows_and_refuses_above_the_limit(tmp_path):
    rows = [{"text": str(index)} for index in range(88)] + ["nonsense"] * 12
    data = read_data(write(tmp_path, "a.jsonl", lines(*rows)))
    data.require_usable(Fraction(12, 100))
    with pytest.raises(DataTooManyBadRowsError) as raised:
        data.require_usable(Fraction(11, 100))
    assert "12 of 100 rows" in raised.value.message
    assert raised.value.message.count("; line") == 9
    assert "line 98" in raised.value.message
    assert "line 99" not in raised.value.message


def test_reads_paragraphs_of_a_text_file(tmp_path):
    data = read_data(write(tmp_path, "a.TXT", "One.\n\nTwo.\n\nOne.\n"))
    assert list(data.rows.values()) == [TextRow("One."), TextRow("Two.")]
    assert data.duplicate_count == 1


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b"", "is empty"),
        ("a.txt", b" \n\n", "is empty"),
        ("a.jsonl", b'{"text": "a\xff"}\n', "not UTF-8: line 1, byte 12"),
        ("a.txt", b"good\nb\xe9d", "not UTF-8: line 2, byte 2"),
        ("a.txt", b"PK\x03\x04\x00\x00", "binary"),
        ("a.txt", "text".encode("utf-16"), "UTF-16"),
        ("a.csv", b"a,b", "ends in `.csv`; the agent reads .jsonl"),
        ("data", b"a", "has no ending"),
        ("a.jsonl", lines({"text": "a"}, {"text": "b"}, {"text": "a"}).encode(), "2 distinct"),
    ],
)
def test_refuses_what_cannot_be_trained_on(tmp_path, name, content, message):
    with pytest.raises(DataUnreadableError) as raised:
        read_data(write(tmp_path, name, content)).require_usable(Fraction(1, 10))
    assert message in raised.value.message


def test_refuses_absent_files_and_folders(tmp_path):
    with pytest.raises(DataUnreadableError, match="No such file"):
        read_data(tmp_path / "absent.jsonl")
    (tmp_path / "folder.txt").mkdir()
    with pytest.raises(DataUnreadableError, match="is empty"):
        read_data(tmp_path / "folder.txt")


def test_survives_hostile_json(tmp_path):
    content = lines("[" * 100_000, '{"text": ' + "9" * 5000 + "}", {"text": "a"})
    data = read_data(write(tmp_path, "a.jsonl", content))
    assert data.bad_count == 2
    assert "too deeply" in data.bad_rows[0].reason
