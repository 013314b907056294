import pytest

from pfi_common.errors import SpecInvalidError
from pfi_coordinator.adapters.simulation.assumptions_file import (
    SECTIONS,
    assumptions_text,
    read_assumptions,
)
from pfi_coordinator.domain.simulation.assumptions import Assumptions
from pfi_coordinator.domain.simulation.numbers import numbers_of


def written(folder, text):
    path = folder / "devices.yaml"
    path.write_text(text)
    return path


def test_the_written_file_holds_every_default(tmp_path):
    text = assumptions_text()
    assert read_assumptions(written(tmp_path, text)) == Assumptions()
    for name, section in SECTIONS.items():
        assert f"\n{name}:  # " in text
        assert all(f"\n  {item.name}: " in text for item in numbers_of(section))


def test_what_a_file_leaves_out_is_as_assumed_by_default(tmp_path):
    read = read_assumptions(written(tmp_path, "night: {hours: 9}\nservice:\n  open_seconds: 1.5\n"))
    assert read.devices.night.hours == 9
    assert read.devices.night.share == Assumptions().devices.night.share
    assert read.service.open_seconds == 1.5
    assert read.learning == Assumptions().learning


def test_every_mistake_is_named(tmp_path):
    bad = "night: {hours: long, share: 2, length: 1}\nsun: {}\nday: 3\ndata: {rows: true}\n"
    with pytest.raises(SpecInvalidError) as caught:
        read_assumptions(written(tmp_path, bad))
    message = caught.value.message
    for part in (
        "night.hours: must be a number, not 'long'",
        "night.share: must be from 0 to 1, not 2",
        "night.length: no such number",
        "sun: no such section",
        "day: must hold numbers",
        "data.rows: must be a number, not 'True'",
    ):
        assert part in message


@pytest.mark.parametrize("value", [".nan", ".inf", "-1"])
def test_numbers_are_within_their_bounds(tmp_path, value):
    with pytest.raises(SpecInvalidError, match="must be from"):
        read_assumptions(written(tmp_path, f"data: {{rows: {value}}}\n"))


def test_defaults_are_within_their_own_bounds():
    for section in SECTIONS.values():
        for item in numbers_of(section):
            assert item.least <= item.default <= item.most
            assert item.meaning
