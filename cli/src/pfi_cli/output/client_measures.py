"""Tables of a run that only some runs have: accuracy, cost of training, encodings of updates."""

from collections.abc import Iterator

from rich.markup import escape
from rich.table import Table

from pfi_cli.api.runs import Run
from pfi_cli.output.client_metrics import client_names, last_metric, metric_history
from pfi_cli.output.units import bytes_text, count_text, share_text

_ACCURACIES = {
    "backbone": "eval_accuracy_backbone",
    "shared, now": "eval_accuracy_shared",
    "+ personal, now": "eval_accuracy_personal",
}
_COSTS = {"peak memory": "peak_memory_bytes", "tokens/s": "tokens_per_second"}


def client_measures(run: Run) -> Iterator[Table]:
    """Draws accuracy per client, and what training took on it, where clients report them."""
    histories = {name: metric_history(run, client) for client, name in client_names(run).items()}
    known = {metric for history in histories.values() for each in history for metric in each}
    if known & {*_ACCURACIES.values()}:
        table = _table("accuracy", _ACCURACIES)
        for name, history in histories.items():
            values = (last_metric(history, metric) for metric in _ACCURACIES.values())
            table.add_row(escape(name), *map(share_text, values))
        yield table
    if known & {*_COSTS.values()}:
        table = _table("training", _COSTS)
        for name, history in histories.items():
            memory, speed = (last_metric(history, metric) for metric in _COSTS.values())
            table.add_row(escape(name), "-" if memory is None else bytes_text(memory),
                          count_text(speed))  # fmt: skip
        yield table
    yield from _uploads(run)


def _uploads(run: Run) -> Iterator[Table]:
    """What the last update of each client was encoded as; nothing of a run in fp32 alone."""
    last = {m.client: m for each in run.rounds for m in each.cohort if m.upload_encoding}
    if all(member.upload_encoding == "fp32" for member in last.values()):
        return
    table = _table("last update", {"encoding": "", "bytes": "", "relative error": ""})
    for client, name in client_names(run).items():
        member = last.get(client)
        if member is not None:
            error = member.metrics.get("upload_encoding_error")
            table.add_row(escape(name), member.upload_encoding,
                          bytes_text(member.payload_bytes) if member.payload_bytes else "-",
                          share_text(error))  # fmt: skip
    yield table


def _table(what: str, headings: dict[str, str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(what)
    for heading in headings:
        table.add_column(heading, justify="right")
    return table
