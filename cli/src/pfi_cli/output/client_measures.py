"""Tables of a run that only some runs have: accuracy of classifiers, cost of training."""

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


def _table(what: str, headings: dict[str, str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(what)
    for heading in headings:
        table.add_column(heading, justify="right")
    return table
