"""The part of a report that a demo adds: private questions, with and without an index."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from pfi_cli.local.federation_file import write_atomically
from pfi_cli.output.units import share_text
from pfi_cli.report.figures import AnswerFigures, ClientAnswers, Report

TARGET_GAIN = 0.7
_COLUMNS = ("questions", "without index", "own index", "another client's index")


def answer_figures(clients: Sequence[ClientAnswers]) -> AnswerFigures:
    """Sums up over clients, each question counting the same.

    Raises:
        ValueError: No question was asked.
    """
    asked = sum(client.questions for client in clients)
    if not asked:
        raise ValueError("no question was asked")
    without = sum(client.without_index for client in clients) / asked
    own = sum(client.own_index for client in clients) / asked
    others = [client for client in clients if client.other_index is not None]
    asked_others = sum(client.questions for client in others)
    right = sum(client.other_index or 0 for client in others)
    return AnswerFigures(
        clients=clients,
        without_index=without,
        own_index=own,
        other_index=right / asked_others if asked_others else None,
        gain=own - without,
    )


def answers_file(folder: Path, run: str) -> Path:
    """Where the answers of a run are kept."""
    return folder / f"{run}.json"


def save_answers(folder: Path, run: str, clients: Sequence[ClientAnswers]) -> None:
    """Keeps what was asked and answered, for every report of the run."""
    folder.mkdir(parents=True, exist_ok=True)
    document = [client.model_dump(mode="json") for client in clients]
    write_atomically(answers_file(folder, run), json.dumps(document, indent=1) + "\n")


def load_answers(folder: Path | None, run: str) -> AnswerFigures | None:
    """Reads what was kept; None when nothing was asked."""
    if folder is None or not answers_file(folder, run).is_file():
        return None
    document = json.loads(answers_file(folder, run).read_text(encoding="utf-8"))
    return answer_figures([ClientAnswers.model_validate(entry) for entry in document])


def answer_findings(report: Report) -> Iterator[str]:
    """Says what an index is worth, and whether indexes kept to their owners."""
    answers = report.answers
    if answers is None:
        return
    other = answers.other_index
    with_other = "" if other is None else f", {share_text(other)} with another client's index"
    yield (
        f"Private questions answered with the right value: {share_text(answers.without_index)} "
        f"without an index, {share_text(answers.own_index)} with the client's own index"
        f"{with_other}."
    )
    if answers.gain < TARGET_GAIN:
        yield (
            f"An index of its own makes answers better by {answers.gain:+.2f}, which is WORSE than "
            f"the {TARGET_GAIN:+.2f} to expect of the demo."
        )
    yield from _isolation(answers.clients)


def _isolation(clients: Sequence[ClientAnswers]) -> Iterator[str]:
    searches = sum(client.foreign_searches for client in clients)
    passages = sum(client.foreign_passages for client in clients)
    if passages:
        yield (
            f"Isolation FAILED: {searches} searches in another client's index gave {passages} of "
            "its passages."
        )
    elif searches:
        yield (
            f"{searches} searches in another client's index, with the searching client's own "
            "certificate, gave none of its passages."
        )


def answer_lines(report: Report) -> Iterator[str]:
    """Writes the section of the Markdown; nothing where nothing was asked."""
    if report.answers is None:
        return
    yield "## Private questions"
    yield ""
    yield (
        "Each client's agent was asked for facts that only its documents hold; it answers with "
        "backbone, shared and personal adapter. Right answers contain the expected value. In the "
        "last column another client's agent was asked, which reads passages of its own index."
    )
    yield ""
    yield f"| client | {' | '.join(_COLUMNS)} |"
    yield "|---|---:|---:|---:|---:|"
    for name, values in _rows(report.answers):
        yield f"| {name} | {' | '.join(values)} |"
    yield ""


def answer_table(report: Report) -> Table | None:
    """Draws the same for a terminal."""
    if report.answers is None:
        return None
    table = Table(title="Private questions answered with the right value", title_justify="left",
                  title_style="bold", box=None, pad_edge=False, header_style="bold")  # fmt: skip
    table.add_column("client")
    for heading in _COLUMNS:
        table.add_column(heading, justify="right")
    for name, values in _rows(report.answers):
        table.add_row(escape(name), *values)
    return table


def _rows(answers: AnswerFigures) -> Iterator[tuple[str, list[str]]]:
    for client in answers.clients:
        counts = (client.without_index, client.own_index, client.other_index)
        shown = ["-" if count is None else str(count) for count in counts]
        yield client.name, [str(client.questions), *shown]
    shares = (answers.without_index, answers.own_index, answers.other_index)
    asked = str(sum(client.questions for client in answers.clients))
    yield "exact match", [asked, *("-" if share is None else f"{share:.2f}" for share in shares)]
