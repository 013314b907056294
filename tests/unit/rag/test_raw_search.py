"""The search of raw files finds every piece, wherever it stands."""

import os
import random
from pathlib import Path

import pytest

from pfi_rag.adapters.edge.raw_search import SHORTEST_BYTES, WINDOW_BYTES, RawSearch, windows

TEXT = b"The locker code of Pump Giku is 4827, and nobody else may know that it is so."
CHUNK = 1 << 20


def file_of(folder: Path, data: bytes, name: str = "page_0.dat") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def noise(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


def test_windows_are_all_of_a_text() -> None:
    pieces = list(windows(TEXT))
    assert all(len(piece) == WINDOW_BYTES for piece in pieces)
    assert all(TEXT[place : place + 1] in b"".join(pieces) for place in range(len(TEXT)))
    assert pieces[-1] == TEXT[-WINDOW_BYTES:]


@pytest.mark.parametrize("size", [0, 1, SHORTEST_BYTES - 1])
def test_what_occurs_by_chance_is_not_searched(size: int) -> None:
    assert list(windows(TEXT[:size])) == []


@pytest.mark.parametrize("place", [0, 1, 7, 8, 1000, CHUNK - 40, CHUNK - 16, CHUNK - 1, CHUNK])
def test_a_piece_is_found_at_any_place(tmp_path: Path, place: int) -> None:
    data = noise(place) + TEXT + noise(5000)
    path = file_of(tmp_path, data)
    assert RawSearch(windows(TEXT)).files_holding([path]) == [path]


@pytest.mark.parametrize("cut", [0, 10, 30])
def test_a_part_of_a_text_is_found(tmp_path: Path, cut: int) -> None:
    """Any stretch of twice a window's length holds a whole window."""
    path = file_of(tmp_path, noise(3000) + TEXT[cut : cut + 2 * WINDOW_BYTES - 1] + noise(3000))
    assert RawSearch(windows(TEXT)).files_holding([path]) == [path]


def test_a_piece_after_a_hole_is_found(tmp_path: Path) -> None:
    path = tmp_path / "wal"
    with path.open("wb") as file:
        file.seek(3 * CHUNK - 5)
        file.write(TEXT)
        os.truncate(file.fileno(), 8 * CHUNK)
    assert RawSearch(windows(TEXT)).files_holding([path]) == [path]


def test_other_files_are_not_named(tmp_path: Path) -> None:
    files = [
        file_of(tmp_path, data, f"file-{number}")
        for number, data in enumerate([b"", b"short", noise(100_000), bytes(CHUNK + 3), TEXT[:31]])
    ]
    assert RawSearch(windows(TEXT)).files_holding(files) == []
    assert RawSearch([]).files_holding(files) == []


def test_a_name_is_searched_too(tmp_path: Path) -> None:
    path = file_of(tmp_path, b"", "d-0123456789abcdef-000000000001.txt")
    assert RawSearch([b"d-0123456789abcdef"]).files_holding([path]) == [path]


def test_many_pieces_are_told_apart(tmp_path: Path) -> None:
    pieces = [noise(WINDOW_BYTES, seed) for seed in range(1, 5000)]
    absent = file_of(tmp_path, noise(300_000, seed=9999), "absent")
    present = file_of(tmp_path, noise(1001) + pieces[1234] + noise(2000), "present")
    assert RawSearch(pieces).files_holding([absent, present]) == [present]
