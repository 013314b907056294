"""Shows answers and their sources."""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from pfi_client_agent.entrypoints.serving_console import adapter_sentence

_KEPT = {"\n", "\t"}


class Display:
    """Writes an answer as it comes, then what it rests on.

    Args:
        console: The terminal.
        passages: Show the text of the passages, too.
    """

    def __init__(self, console: Console, *, passages: bool) -> None:
        self._console = console
        self._passages = passages

    def piece(self, text: str) -> None:
        """Show the next piece of the answer."""
        self._say(printable(text), end="")
        self._console.file.flush()

    def silence(self) -> None:
        """Say that there is no answer to show."""
        self._say("The model answered nothing.", style="yellow", end="")

    def end(self, extension: Mapping[str, Any], finish_reason: str) -> None:
        """Show what ended the answer, its sources, and the adapters."""
        self._say("")
        if finish_reason == "length":
            self._say("(cut off: there was no room for more)", style="dim")
        self._sources(extension["citations"], extension["retrieval"])
        self._adapters(extension["adapter"])

    def _sources(self, citations: Sequence[Mapping[str, Any]], how: Mapping[str, Any]) -> None:
        if how["mode"] == "off":
            return
        if not citations:
            self._say("No source: nothing in your documents speaks of this.", style="yellow")
            return
        words = " (by words alone: no embedding model)" if how["mode"] == "bm25" else ""
        self._say(f"Sources{words}", style="bold")
        for number, citation in enumerate(citations, 1):
            self._say(f"  [{number}] {source_line(citation)}")
            if self._passages:
                self._say(_indented(citation["text"]), style="dim")

    def _adapters(self, adapter: Mapping[str, Any]) -> None:
        self._say(f"Answered by {adapter_sentence(adapter)}.", style="dim")
        if adapter["run"] is not None and not adapter["personal"]:
            self._say(f"Personal adapter not used: {adapter['personal_left_out']}.", style="dim")
        refused = adapter["refused"]
        if refused is not None:
            self._say(
                f"Version {refused['version']} is not used: {refused['message']}", style="yellow"
            )

    def _say(self, text: str, *, style: str = "", end: str = "\n") -> None:
        self._console.print(
            text, style=style, end=end, markup=False, highlight=False, soft_wrap=True
        )


def source_line(citation: Mapping[str, Any]) -> str:
    """Say where a passage stands: file, lines, headings."""
    headings = " > ".join(citation["headings"])
    place = f"{citation['name']}, lines {citation['first_line']}-{citation['last_line']}"
    return printable(f"{place} ({headings})" if headings else place)


def printable(text: str) -> str:
    """Take out control characters: a document must not be able to steer a terminal."""
    return "".join(
        letter
        for letter in text
        if letter in _KEPT or unicodedata.category(letter) not in {"Cc", "Cf"}
    )


def _indented(text: str) -> str:
    return "\n".join(f"      {line}" for line in printable(text).splitlines())
