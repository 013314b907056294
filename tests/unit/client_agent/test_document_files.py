"""Which files of a folder are added, and under which names."""

import pytest

from pfi_client_agent.adapters.document_files import find_files, folder_label
from pfi_common.errors import DataUnreadableError


@pytest.fixture
def notes(tmp_path):
    root = tmp_path / "notes"
    for name, content in {
        "plan.md": b"plan",
        "deep/er/b.txt": b"b",
        "empty.txt": b"",
        "picture": b"\x89PNG\r\n",
        "data.bin": b"a\x00b",
        "paper.pdf": b"%PDF-1.7",
        ".hidden.md": b"x",
        ".git/config": b"x",
        "node_modules/x/index.js": b"x",
        "deep/__pycache__/x.py": b"x",
        "a.egg-info/PKG-INFO": b"x",
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def names(found):
    return [file.name for file in found.files]


def test_what_a_person_would_read_is_found(notes):
    found = find_files([notes])
    assert names(found) == ["notes/deep/er/b.txt", "notes/empty.txt", "notes/plan.md"]
    assert dict(found.left_out) == {"without suffix": 1, ".bin": 1, ".pdf": 1}
    assert found.folders == {str(notes): "notes/"}


def test_names_may_begin_with_something_else(notes):
    assert names(find_files([notes], "mine"))[2] == "mine/plan.md"
    assert names(find_files([notes / "plan.md"], "mine.md")) == ["mine.md"]


def test_a_file_is_taken_whatever_it_is(notes):
    assert names(find_files([notes / "paper.pdf", notes / ".hidden.md"])) == [
        ".hidden.md", "paper.pdf",
    ]  # fmt: skip


def test_the_current_folder_has_a_name(notes, monkeypatch):
    monkeypatch.chdir(notes)
    from pathlib import Path

    assert "notes/plan.md" in names(find_files([Path()]))


def test_links_that_lead_out_are_left_out(notes, tmp_path):
    outside = tmp_path / "secret.txt"
    outside.write_text("secret")
    (notes / "out.txt").symlink_to(outside)
    (notes / "in.txt").symlink_to(notes / "plan.md")
    (notes / "loop").symlink_to(notes)
    (notes / "gone.txt").symlink_to(notes / "nothing")
    assert names(find_files([notes])) == [
        "notes/deep/er/b.txt", "notes/empty.txt", "notes/in.txt", "notes/plan.md",
    ]  # fmt: skip


def test_a_path_that_is_not_there_is_told(tmp_path):
    with pytest.raises(DataUnreadableError, match="does not exist") as caught:
        find_files([tmp_path / "nothing"])
    assert "--data" not in caught.value.next_step
    assert "documents" in caught.value.next_step


def test_long_folders_have_a_digest_for_a_label(tmp_path):
    deep = tmp_path.joinpath(*["x" * 50] * 4)
    assert len(folder_label(deep)) == 64
    assert folder_label(tmp_path) == str(tmp_path)
