"""What the coordinator has been told since its last look; each look takes all of it at once.

Commits that came while the last decision was stored are counted as one event, as the driver of a
run does. Receipts and answers are put together in the same way: each replica decides about one
after the other, with the same outcome.
"""

from collections.abc import Callable, Iterator
from enum import Enum

from pfi_coordinator.domain.events import (
    EvaluationAnswered,
    Event,
    TasksFinished,
    TasksGivenBack,
    UpdatesCommitted,
)
from pfi_coordinator.domain.facts import ClientReport, CommittedUpdate
from pfi_coordinator.domain.simulation.jobs import Job


class News(Enum):
    """Kinds of news, in the order in which a look takes them."""

    COMMITTED = "committed"
    REPORTED = "reported"
    GIVEN_BACK = "given back"
    ANSWERED = "answered"


class Inbox:
    """News by kind and job.

    Receipts come with what `report` gives for a client.

    Attributes:
        filled: Whether there is any.
    """

    def __init__(self, report: Callable[[str], ClientReport | None]) -> None:
        self._report = report
        self._told: dict[News, dict[int, tuple[Job, list[str]]]] = {kind: {} for kind in News}
        self.filled = False

    def tell(self, kind: News, job: Job, client: str) -> None:
        """Adds news of a client's task."""
        self.filled = True
        self._told[kind].setdefault(job.index, (job, []))[1].append(client)

    def empty(self) -> Iterator[Event]:
        """Gives everything as events, and forgets it."""
        self.filled = False
        for kind, jobs in self._told.items():
            told = list(jobs.values())
            jobs.clear()
            for job, clients in told:
                yield self._event(kind, job, tuple(clients))

    def _event(self, kind: News, job: Job, clients: tuple[str, ...]) -> Event:
        number, attempt, line = job.number, job.attempt, job.line
        match kind:
            case News.COMMITTED:
                updates = tuple(map(CommittedUpdate, clients))
                return UpdatesCommitted(number, attempt, updates, line=line)
            case News.REPORTED:
                told = tuple(report for report in map(self._report, clients) if report)
                return TasksFinished(number, attempt, clients, told, line=line)
            case News.GIVEN_BACK:
                return TasksGivenBack(number, attempt, clients, line=line)
            case News.ANSWERED:
                return EvaluationAnswered(clients, line=line)
