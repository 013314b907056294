"""Speakers of a plain text; the fixture is a play of our own."""

from pathlib import Path

import pytest

from pfi_client_agent.adapters.data_file import read_data
from pfi_client_agent.domain.reading import Reading
from pfi_client_agent.domain.rows import TextRow
from pfi_client_agent.domain.speakers import speakers
from pfi_common.errors import DataUnreadableError

PLAY = Path(__file__).parents[2] / "regression" / "data" / "ferry.txt"
# Laid beside the repository where somebody has it; tests do not depend on it.
SHAKESPEARE = Path(__file__).parents[4] / "shared" / "data" / "shakespeare" / "input.txt"


def test_speeches_by_speaker():
    found = speakers(PLAY.read_text())
    assert {name: len(rows) for name, rows in found.items()} == {
        "FERRYMAN": 5, "First Traveller": 4, "Second Traveller": 3, "HERON": 1,
    }  # fmt: skip
    assert found["FERRYMAN"][0] == "Who calls across the water at this hour?"
    # A line that merely ends in a colon is part of the speech.
    assert "we carry three things:" in found["First Traveller"][1]
    # A block without a name goes on with the speech before it.
    assert found["First Traveller"][2].startswith("And a fourth")
    assert found["HERON"] == ["Kraa."]
    assert "play in one scene" not in str(found)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system(end):
    text = end.join(["ADA:", "one", "two", "", "BEN:", "three", "", "SILENT:", "", "ADA:", "four"])
    assert speakers(text) == {"ADA": ["one\ntwo", "four"], "BEN": ["three"]}


@pytest.mark.parametrize("text", ["", "No names here.\n\nOr here: no.", "lower:\nno", "x" * 50])
def test_texts_in_which_nobody_speaks(text):
    assert speakers(text) == {}


def test_long_speeches_are_cut():
    assert len(speakers("ADA:\n" + "A sentence of words. " * 200)["ADA"]) == 4


def test_one_speaker_is_read():
    data = read_data(PLAY, Reading(speaker="FERRYMAN"))
    assert next(iter(data.rows.values())) == TextRow("Who calls across the water at this hour?")
    assert (len(data.rows), data.bad_count) == (5, 0)


def test_a_speaker_who_is_not_there():
    with pytest.raises(DataUnreadableError, match="4 others do, most of all FERRYMAN"):
        read_data(PLAY, Reading(speaker="OTTER"))


def test_a_text_without_speakers(tmp_path):
    (tmp_path / "a.txt").write_text("plain\n\ntext")
    with pytest.raises(DataUnreadableError, match="no block that begins with a line `NAME:`"):
        read_data(tmp_path / "a.txt", Reading(speaker="ADA"))


@pytest.mark.skipif(not SHAKESPEARE.is_file(), reason="the text is not laid beside the repository")
def test_shakespeare_by_speaker():
    found = speakers(SHAKESPEARE.read_text())
    assert len(found) == 299
    assert len(found["ROMEO"]) > 150
    assert found["First Citizen"][0] == "Before we proceed any further, hear me speak."
    assert max(found, key=lambda name: len(found[name])) == "GLOUCESTER"
