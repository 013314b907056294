"""Writes to the terminal."""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from rich.console import Console
from rich.markup import escape

from pfi_common.errors import PlatformError

_LINE_END = re.compile(r"\n(?!- )")
"""Every end of a line but that before a finding of a list."""


@cache
def stdout() -> Console:
    """The console for results."""
    return Console(highlight=False)


@cache
def stderr() -> Console:
    """The console for everything that is not the result; one, so that lines go above a picture."""
    return Console(stderr=True, highlight=False)


def say(sentence: str) -> None:
    """Tells people what happens."""
    stderr().print(escape(sentence), style="dim", soft_wrap=True)


def print_json(document: Mapping[str, Any] | Sequence[Any]) -> None:
    """Writes a document for programs."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False, default=str) + "\n")


def print_error(error: PlatformError) -> None:
    """Says on one line what failed and why, each finding on one of its own, and what to do."""
    console = stderr()
    message = escape(_LINE_END.sub(" ", error.message))
    console.print(f"[bold red]{error.reason}[/]: {message}", soft_wrap=True)
    console.print(f"[dim]next:[/] {escape(error.next_step)}", soft_wrap=True)
