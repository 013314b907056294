"""The page of commands, from the command-line parsers."""

import argparse
import enum
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Any, get_args

import typer.main

from tools.reference.tables import code, table

COMPLETION = {"--install-completion", "--show-completion"}

HEAD = """# Commands

Generated from the programs themselves (`make reference`); do not edit. Each also answers `--help`.
"""


@dataclass(frozen=True)
class Option:
    """An option or argument of a command."""

    names: tuple[str, ...]
    meaning: str
    default: str
    is_flag: bool = False
    value: str = ""


@dataclass(frozen=True)
class Command:
    """A command with its full name, for instance `pfi run submit`."""

    name: str
    meaning: str
    arguments: tuple[Option, ...] = ()
    options: tuple[Option, ...] = ()
    children: tuple["Command", ...] = field(default=())

    def walk(self) -> Iterator["Command"]:
        """This command and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


def all_commands() -> list[Command]:
    """Every command of every console script of the distributions."""
    scripts = {script.name: script for script in entry_points(group="console_scripts")}
    programs = [_program(scripts[name]) for name in sorted(scripts) if is_ours(scripts[name])]
    return [command for program in programs if program for command in program.walk()]


def is_ours(script: EntryPoint) -> bool:
    """True for a script of this repository."""
    return script.module.partition(".")[0].startswith("pfi_")


def _program(script: EntryPoint) -> Command | None:
    """Reads a script's `app` (typer) or `build_parser` (argparse)."""
    try:
        module = importlib.import_module(script.module)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("pfi_"):
            return None
        raise
    if not hasattr(module, "app") and not hasattr(module, "build_parser"):
        # The script only prepares its process.
        package = script.module.partition(".")[0]
        module = importlib.import_module(f"{package}.entrypoints.main")
    if hasattr(module, "app"):
        return from_typer(script.name, typer.main.get_command(module.app))
    return from_parser(script.name, module.build_parser(), "")


def from_typer(name: str, found: Any) -> Command:  # noqa: ANN401 - typer keeps its classes private
    """Reads a typer command or group."""
    shown = [item for item in found.params if not getattr(item, "hidden", False)]
    shown = [
        item for item in shown if not {"--install-completion", "--show-completion"} & set(item.opts)
    ]
    children = getattr(found, "commands", {}).items()
    return Command(
        name,
        "\n\n".join(text.strip() for text in (found.help, found.epilog) if text),
        tuple(_typer_option(item) for item in shown if item.param_type_name == "argument"),
        tuple(_typer_option(item) for item in shown if item.param_type_name == "option"),
        tuple(from_typer(f"{name} {key}", child) for key, child in children if not child.hidden),
    )


def _typer_option(item: Any) -> Option:  # noqa: ANN401
    kind = item.type_descriptor.annotation
    default = item.default() if callable(item.default) else item.default
    choices = "|".join(kind) if isinstance(kind, enum.EnumMeta) else ""
    if item.required:
        text = "required"
    elif default is None or default in ([], ()) or getattr(item, "is_flag", False):
        text = ""
    else:
        text = code(str(default.value if isinstance(default, enum.Enum) else default))
    variable = f" (or `{item.envvar}`)" if item.envvar else ""
    several = bool(getattr(item, "multiple", False))
    is_flag = bool(getattr(item, "is_flag", False))
    value = "" if is_flag else choices or item.metavar or _kind_name(kind)
    names = (*item.opts, *item.secondary_opts)
    return Option(
        names, _meaning(f"{item.help or ''}{variable}", several=several), text, is_flag, value
    )


def _meaning(text: str, *, several: bool) -> str:
    return f"{text} May be repeated." if several and "may be repeated" not in text else text


def _kind_name(kind: object) -> str:
    inner = get_args(kind)
    return _kind_name(inner[0]) if inner else getattr(kind, "__name__", str(kind)).upper()


def from_parser(name: str, parser: argparse.ArgumentParser, summary: str) -> Command:
    """Reads an argparse parser."""
    arguments: list[Option] = []
    options: list[Option] = []
    children: list[Command] = []
    for action in parser._actions:  # noqa: SLF001 - argparse offers no other way to look
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            helps = {item.dest: item.help or "" for item in action._choices_actions}  # noqa: SLF001
            children += [
                from_parser(f"{name} {key}", child, helps.get(key, ""))
                for key, child in action.choices.items()
            ]
        elif not isinstance(action, argparse._HelpAction):  # noqa: SLF001
            (options if action.option_strings else arguments).append(_parser_option(action))
    meaning = parser.description or summary
    return Command(name, meaning, tuple(arguments), tuple(options), tuple(children))


def _parser_option(action: argparse.Action) -> Option:
    is_flag = action.nargs == 0
    several = action.nargs in ("+", "*") or "Append" in type(action).__name__
    if action.required and action.option_strings:
        default = "required"
    elif is_flag or action.default in (None, argparse.SUPPRESS, []):
        default = ""
    else:
        default = code(str(action.default))
    choices = "|".join(map(str, action.choices or ()))
    return Option(
        tuple(action.option_strings) or (action.dest,),
        _meaning(action.help or "", several=several),
        default,
        is_flag,
        "" if is_flag else choices or str(action.metavar or action.dest).upper(),
    )


def commands_page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(_section(command) for command in all_commands())])


def _section(command: Command) -> str:
    level = "##" if " " not in command.name else "###"
    needed = "".join(f" {item.names[0].upper()}" for item in command.arguments)
    parts = [f"{level} {command.name}\n"]
    if command.meaning:
        parts.append(_prose(command.meaning))
    if command.children:
        below = ", ".join(f"`{child.name}`" for child in command.children)
        parts.append(f"Has {below}.\n")
    else:
        parts.append(f"```\n{command.name}{needed}{' [OPTIONS]' if command.options else ''}\n```\n")
    rows = [
        (
            " ".join(filter(None, [", ".join(map(code, item.names)), item.value])),
            item.default,
            item.meaning,
        )
        for item in (*command.arguments, *command.options)
    ]
    if rows:
        parts.append(table(("option", "default", "meaning"), rows))
    return "\n".join(parts)


def _prose(text: str) -> str:
    """Joins the lines of paragraphs; list items stay lines, indented blocks stay code."""
    items = re.sub(r"\n\s*\* ", "\n\n* ", text.strip())
    return "\n\n".join(map(_paragraph, re.split(r"\n(?:[ \t]*\n)+", items))) + "\n"


def _paragraph(part: str) -> str:
    lines = part.splitlines()
    if all(line.startswith("    ") for line in lines):
        return "\n".join(["```sh", *(line.strip() for line in lines), "```"])
    return " ".join(part.split())
