"""An explained specification as tables that fit 100 columns."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from pfi_cli.output.combination_table import combination_table, reason_lines
from pfi_cli.output.memory import memory_sentence
from pfi_cli.output.units import bytes_text, seconds_text
from pfi_common.spec import acceptable_uploads

_HOUR, _MINUTE = 3600.0, 60.0
_ORIGINS = {"given": "bold", "preset": "cyan", "default": "dim"}

Fields = Mapping[str, Any]


def explanation_view(explained: Fields) -> Iterator[RenderableType]:
    """Gives the parts of the page, in the order in which they are read."""
    yield Text.from_markup(f"[bold]{escape(str(explained['name']))}[/]")
    yield from _refused(explained["refused"])
    if "values" in explained:
        yield _values(explained["values"])
        yield _lines(explained["lines"])
        yield _timings(explained["timings"])
        yield _merge(explained["merge"])
    for title, fields in explained.get("client_messages", {}).items():
        yield _messages(f"{title}, to each client", {"": fields})
    if "round_plans" in explained:
        yield _messages("RoundPlan, to the aggregator", explained["round_plans"])
        yield _traffic(explained["facts"], explained["lines"])
        yield Text(memory_sentence(explained["facts"]))
    if "undescribed" in explained:
        yield Text(f"no bytes and no round plans: {explained['undescribed']}", style="yellow")
    yield combination_table(explained["combinations"])
    yield from reason_lines(explained["combinations"])


def _refused(problems: Sequence[str]) -> Iterator[RenderableType]:
    if not problems:
        yield Text("accepted: no combination is refused", style="green")
        return
    yield Text(f"refused, for {len(problems)} reason(s):", style="bold red")
    table = Table.grid(padding=(0, 1))
    for problem in problems:
        table.add_row("-", escape(problem))
    yield table


def _values(values: Sequence[Fields]) -> Table:
    table = _table("Effective values", "field", "value", "from")
    for each in values:
        style = _ORIGINS[each["origin"]]
        table.add_row(each["field"], f"[{style}]{escape(_plain(each['value']))}[/]", each["origin"])
    return table


def _lines(lines: Sequence[Fields]) -> Table:
    headings = ("line", "rounds", "selected", "ends with", "at least", "")
    table = _table("Lines and cohorts", *headings)
    for each in lines:
        table.add_row(
            each["line"],
            f"{each['first_round']} to {each['last_round']}",
            f"{each['selected']:,}",
            f"{each['size']:,}",
            f"{each['minimum']:,}",
            escape(each["note"]),
        )
    return table


def _timings(timings: Sequence[Fields]) -> Table:
    table = _table("Time limits", "what", "at most", "then")
    for each in timings:
        table.add_row(escape(each["what"]), _duration(each["seconds"]), escape(each["then"]))
    return table


def _merge(merge: Fields) -> Table:
    table = _table("The exact merge", "", "")
    table.show_header = False
    table.add_row("fraction bits k", str(merge["fraction_bits"]))
    table.add_row("resolution 2^-k", f"{merge['resolution']:.3g}")
    table.add_row("coarsest that is accepted", f"{merge['finest_needed']:.3g}")
    table.add_row(
        "of",
        f"up to {merge['maximum_updates']:,} updates, coordinates within "
        f"±{merge['coordinate_limit']:g}, weights up to {merge['maximum_weight']:,} rows",
    )
    return table


def _messages(title: str, columns: Mapping[str, Fields]) -> Table:
    """Fields of one message, or of several of a kind side by side."""
    table = _table(title, "field", *columns)
    table.show_header = any(columns)
    flat = {name: dict(_flat(fields)) for name, fields in columns.items()}
    for field in dict.fromkeys(field for fields in flat.values() for field in fields):
        table.add_row(field, *(escape(_plain(fields.get(field, "-"))) for fields in flat.values()))
    return table


def _traffic(facts: Fields, lines: Sequence[Fields]) -> Table:
    table = _table("Bytes (payload)", "", "up", "down")
    up, down = facts["upload_bytes_per_client"], facts["download_bytes_per_client"]
    rounds = max(each["last_round"] for each in lines)
    clients = facts["selected_clients"]
    for name, times in (
        ("a client, a round", 1),
        (f"a round of {clients:,} clients", clients),
        (f"the run, {rounds:,} rounds", clients * rounds),
    ):
        table.add_row(name, bytes_text(up * times), bytes_text(down * times))
    table.add_row("closing evaluation, a client", "0 B", bytes_text(down))
    full = facts["full_upload_bytes_per_client"]
    table.add_row("every parameter would be, a client", bytes_text(full), bytes_text(full))
    table.caption = (
        f"{facts['coordinate_count']:,} coordinates, {facts['adapter_share']:.2%} of the backbone;"
        f" up {facts['upload_encoding']}{_else(facts['upload_encoding'])}, down"
        f" {facts['download_encoding']}"
    )
    return table


def _else(upload: str) -> str:
    """What clients send that cannot write the encoding."""
    others = acceptable_uploads(upload)[1:]
    return f" (clients without it: {', else '.join(others)})" if others else ""


def _table(title: str, *headings: str) -> Table:
    table = Table(
        title=title, title_justify="left", box=None, pad_edge=False, header_style="dim",
        title_style="bold", caption_justify="left", padding=(0, 2, 0, 0),
    )  # fmt: skip
    for heading in headings:
        table.add_column(heading)
    return table


def _flat(fields: Fields, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in fields.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _plain(value: Any) -> str:  # noqa: ANN401 - any value of JSON
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if isinstance(value, bool) or value is None:
        return {None: "null", True: "yes", False: "no"}[value]
    return f"{value:g}" if isinstance(value, float) else str(value)


def _duration(seconds: float) -> str:
    if seconds < _HOUR:
        return seconds_text(seconds)
    hours, rest = divmod(seconds, _HOUR)
    return f"{hours:.0f} h {rest / _MINUTE:02.0f} min"
