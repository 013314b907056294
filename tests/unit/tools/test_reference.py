"""Pages that are made from code."""

import argparse
from typing import Annotated

import typer
import typer.main
from pydantic import Field
from pydantic_settings import SettingsConfigDict
from tools.reference.commands import _prose, from_parser, from_typer
from tools.reference.settings import default_text, type_text

from pfi_common.settings import ServiceSettings


class ExampleSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="EXAMPLE_")

    address: str = Field(description="where")
    port: int = Field(7000, ge=1, le=65535, description="which")
    verbose: bool = Field(default=False, description="more")
    extra: dict[str, str] | None = Field(None, description="others")


def test_settings_are_shown_as_one_writes_them():
    shown = {
        name: (type_text(field), default_text(field))
        for name, field in ExampleSettings.model_fields.items()
    }
    assert shown == {
        "address": ("text", "required"),
        "port": ("whole number, at least 1, at most 65535", "`7000`"),
        "verbose": ("true or false", "`false`"),
        "extra": ("JSON", "none"),
    }


def example_app() -> typer.Typer:
    app = typer.Typer(help="Top.", epilog="\nExit codes.\n")
    group = typer.Typer(help="Group.")
    app.add_typer(group, name="run")

    @group.command()
    def submit(
        spec: Annotated[str, typer.Argument(help="A file.")],
        watch: Annotated[bool, typer.Option("--watch", help="Follow.")] = False,
    ) -> None:
        """Submit it."""

    @group.command()
    def show() -> None:
        """Show it."""

    return app


def test_typer_commands_are_read_with_their_options():
    (top, run, submit, show) = from_typer("pfi", typer.main.get_command(example_app())).walk()
    assert (run.name, submit.name, show.name) == ("pfi run", "pfi run submit", "pfi run show")
    assert (top.meaning, submit.meaning) == ("Top.\n\nExit codes.", "Submit it.")
    (argument,) = submit.arguments
    assert (argument.names, argument.meaning, argument.default) == (
        ("spec",),
        "A file.",
        "required",
    )
    (option,) = submit.options
    assert (option.names, option.is_flag) == (("--watch",), True)


def test_argparse_commands_are_read_with_their_options():
    parser = argparse.ArgumentParser(description="Top.")
    commands = parser.add_subparsers()
    init = commands.add_parser("init", help="Make it.")
    init.add_argument("--host", action="append", required=True, help="A name.")
    init.add_argument("--scope", choices=["a", "b"], default="a", help="Which.")
    top, found = from_parser("program", parser, "").walk()
    assert (top.meaning, found.name, found.meaning) == ("Top.", "program init", "Make it.")
    assert [(item.names, item.value, item.default) for item in found.options] == [
        (("--host",), "HOST", "required"),
        (("--scope",), "a|b", "`a`"),
    ]


def test_commands_in_an_indented_block_stay_on_their_lines():
    text = "Do this\nand that:\n\n    first > file\n    second file\n"
    assert _prose(text) == "Do this and that:\n\n```sh\nfirst > file\nsecond file\n```\n"
