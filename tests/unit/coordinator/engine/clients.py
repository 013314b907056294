"""Clients, as far as the round engine sees them: they upload, report, give back, and come again."""

from pfi_coordinator.domain import events
from pfi_coordinator.domain.state import GLOBAL
from pfi_coordinator.domain.tasks import TaskName


class Clients:
    """What all of them do with the tasks in their inboxes.

    `receipts` says which updates are acknowledged, and `refusals` why others are not.
    """

    def __init__(self, world) -> None:
        self.world = world
        self.tickets: dict[TaskName, str] = {}
        self.receipts: set[TaskName] = set()
        self.refusals: dict[TaskName, str] = {}
        self.reports = {}

    def all_step(self) -> bool:
        """One thing for each task of each connected client; whether any was done."""
        return sum(self.step(name) for name in self.everything_to_do()) > 0

    def everything_to_do(self) -> list[TaskName]:
        return [name for client in self.world.connected() for name in self.inbox(client)]

    def inbox(self, client: str) -> list[TaskName]:
        return self.world.board.open_tasks(client)

    def at_work_on(self, client: str) -> list[TaskName]:
        """Tasks that still need their client: neither durable nor being reported."""
        return [
            name
            for name in self.inbox(client)
            if name not in self.receipts and name not in self.reports
        ]

    def step(self, name: TaskName, *, give_back: bool = False) -> bool:
        """Goes on with a task: upload, then report, which the replica does in steps."""
        if name not in self.reports:
            event = self._answer(name, give_back=give_back)
            if event is None:
                return False
            self.reports[name] = self._record(name, event)
        if next(self.reports[name], self) is self:
            del self.reports[name]
        return True

    def forget_reports(self) -> None:
        """The replicas that were recording results have died; clients send them again."""
        self.reports.clear()

    def _answer(self, name: TaskName, *, give_back: bool):
        clients = (name.client,)
        if name.placement is not None:
            lines = [line.line for line in self.world.store.state.lines]
            return None if give_back else events.ClientPlaced(name.placement, name.client, lines[0])
        if name.attempt is None:
            return events.EvaluationAnswered(clients)
        if not give_back:
            given = self._upload(name)
            if given == "SPOOL_UNAVAILABLE":
                return None
            if given == "receipt":
                return events.TasksFinished(*name.attempt, clients)
        return None if name in self.receipts else events.TasksGivenBack(*name.attempt, clients)

    def _upload(self, name: TaskName) -> str:
        if name in self.receipts:
            return "receipt"
        spool = self.world.aggregators[self.tickets[name]]
        given = spool.commit((name.line, *name.attempt), name.client)
        if given == "receipt":
            self.receipts.add(name)
        elif given != "SPOOL_UNAVAILABLE":
            self.refusals[name] = given
        return given

    def _record(self, name: TaskName, event):
        if name not in self.world.board.inboxes[name.client]:
            return
        yield
        line = GLOBAL if name.placement is not None else name.line
        yield from self.world.apply(event, line=line)
        self.world.board.finish(name)
