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
        or f"[bold red]{letters[pair['reason']]}[/]"
        for pair in combinations["pairs"]
    }
    table = Table(
        title="What goes together", title_justify="left", title_style="bold", box=None,
        pad_edge=False, header_style="dim", caption_justify="left",
        caption="+ together, / one or the other, letter: refused, see below; bold: chosen here",
    )  # fmt: skip
    for heading in ("", "", *map(str, range(1, len(choices) + 1))):
        table.add_column(heading, justify="right" if heading else "left")
    for number, row in enumerate(choices, 1):
        name = f"[bold]{escape(row['name'])}[/]" if row["chosen"] else escape(row["name"])
        cells = [marks.get(frozenset((row["name"], column["name"])), "") for column in choices]
        table.add_row(str(number), name, *cells)
    return table


def reason_lines(combinations: Mapping[str, Any]) -> Iterator[Text]:
    """A line for each reason of a refusal."""
    for reason, letter in _letters(combinations).items():
        yield Text.from_markup(f"[bold red]{letter}[/] {escape(reason)}")


def _letters(combinations: Mapping[str, Any]) -> dict[str, str]:
    reasons = dict.fromkeys(pair["reason"] for pair in combinations["pairs"] if pair["reason"])
    return {reason: chr(ord("a") + index) for index, reason in enumerate(reasons)}
