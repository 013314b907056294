"""The reference pages say what the code says, and the code says enough."""

from importlib import import_module

import pytest
from benchmarks.page import PAGE, page_text, stored_results
from benchmarks.plots import SOURCE_KEY, picture_file, plot_module, source_digest
from experiments.stored import FOLDER as EXPERIMENTS
from experiments.stored import stored
from PIL import Image
from tests.architecture.tree import REPOSITORY
from tools.generate_reference import stale_pages
from tools.reference.commands import all_commands
from tools.reference.settings import PACKAGES, settings_classes

FIELDS = [
    pytest.param(found, name, id=f"{package}-{name}")
    for package in PACKAGES
    for found in settings_classes(package)
    for name in found.model_fields
]
COMMANDS = {command.name: command for command in all_commands()}


def test_generated_pages_are_up_to_date():
    assert stale_pages() == []


def test_the_page_of_benchmarks_says_what_was_measured():
    assert PAGE.read_text() == page_text(stored_results())


@pytest.mark.parametrize("result", stored_results(), ids=lambda result: result["name"])
def test_a_picture_shows_what_was_measured(result):
    file = picture_file(result["name"])
    assert file.exists() == (plot_module(result["name"]) is not None)
    assert not file.exists() or Image.open(file).text[SOURCE_KEY] == source_digest(result)


@pytest.mark.parametrize(
    "name", sorted(file.parent.name for file in EXPERIMENTS.glob("*/results.json"))
)
def test_the_page_of_an_experiment_says_what_was_measured(name):
    page = import_module(f"experiments.{name}.page")
    assert page.PAGE.read_text() == page.page_text(stored(name))


@pytest.mark.parametrize(("settings", "name"), FIELDS)
def test_every_setting_is_described_and_documented(settings, name):
    assert settings.model_fields[name].description
    page = (REPOSITORY / "docs" / "reference" / "settings.md").read_text()
    assert f"`{settings.model_config['env_prefix']}{name.upper()}`" in page


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_described(name):
    command = COMMANDS[name]
    assert command.meaning
    undescribed = [
        item.names for item in (*command.arguments, *command.options) if not item.meaning
    ]
    assert undescribed == []
