"""Which choices go together, as a table with a mark for each pair."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table
from rich.text import Text

_MARKS = {"yes": "[green]+[/]", "either": "[dim]/[/]"}


def combination_table(combinations: Mapping[str, Any]) -> Table:
    """A row and a column for each choice; the specification's own are bold."""
    choices, letters = combinations["choices"], _letters(combinations)
    marks = {
        frozenset((pair["first"], pair["second"])): _MARKS.get(pair["outcome"])
        or f"[bold red]{letters[_why(pair['reason'])]}[/]"
        for pair in combinations["pairs"]
    }
    table = Table(
        title="What goes together", title_justify="left", title_style="bold", box=None,
        pad_edge=False, header_style="dim", caption_justify="left", padding=(0, 1, 0, 0),
        caption="+ together, / one or the other, letter: refused, see below; bold: chosen here",
    )  # fmt: skip
    for heading in ("", "", *map(_upright, range(1, len(choices) + 1))):
        table.add_column(heading)
    for number, row in enumerate(choices, 1):
        name = f"[bold]{escape(row['name'])}[/]" if row["chosen"] else escape(row["name"])
        cells = [marks.get(frozenset((row["name"], column["name"])), "") for column in choices]
        table.add_row(str(number), name, *cells)
    return table


def _upright(number: int) -> str:
    """Writes a number from top to bottom, so that its column is as narrow as a mark."""
    return "\n".join(f"{number:2}")


def reason_lines(combinations: Mapping[str, Any]) -> Iterator[Text]:
    """A line for each reason of a refusal, with the first pair that is refused for it."""
    letters = _letters(combinations)
    reasons = [pair["reason"] for pair in combinations["pairs"] if pair["reason"]]
    for why, letter in letters.items():
        first = next(reason for reason in reasons if _why(reason) == why)
        yield Text.from_markup(f"[bold red]{letter}[/] {escape(first)}")


def _letters(combinations: Mapping[str, Any]) -> dict[str, str]:
    """Gives each reason a letter; pairs that are refused for the same one share it."""
    reasons = (pair["reason"] for pair in combinations["pairs"])
    whys = dict.fromkeys(_why(reason) for reason in reasons if reason)
    return {why: chr(ord("a") + index) for index, why in enumerate(whys)}


def _why(reason: str) -> str:
    """Leaves out what is refused, which stands before the colon."""
    return reason.partition(": ")[2] or reason
