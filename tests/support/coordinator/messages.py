import json
from collections.abc import Sequence
from datetime import datetime

from pfi_common.errors import SignatureInvalidError
from pfi_coordinator.application.ports.receipt_reader import Receipt
from pfi_coordinator.application.records import RunDocument
from pfi_coordinator.domain.members import Client
from pfi_coordinator.domain.state import AdapterVersion
from pfi_coordinator.domain.tasks import (
    Assignment,
    TaskName,
    evaluation_scope,
    placement_scope,
    round_scope,
)


class MemoryTaskFactory:
    """In-memory twin of `pfi_coordinator.application.ports.task_factory.TaskFactory`.

    Its messages are the task's name; `counted_rounds` are those last told, by client, and `spools`
    are named by tasks that only download, by task.
    """

    def __init__(self) -> None:
        self.counted_rounds: dict[str, int] = {}
        self.spools: dict[str, str] = {}

    def train_task(
        self,
        document: RunDocument,
        base: AdapterVersion,
        client: Client,
        *,
        number: int,
        attempt: int,
        deadline: datetime,
        counted_round: int = 0,
    ) -> Assignment:
        self.counted_rounds[client.client] = counted_round
        name = TaskName(document.run, round_scope(number, attempt, base.line), client.client)
        return Assignment(name, name.text.encode(), device_class=client.device_class)

    def evaluate_task(
        self,
        document: RunDocument,
        base: AdapterVersion,
        client: Client,
        deadline: datetime,
        *,
        past: int = 0,
    ) -> Assignment:
        name = TaskName(document.run, evaluation_scope(base.line, past), client.client)
        self.spools[name.text] = document.spool
        return Assignment(name, name.text.encode())

    def place_task(
        self,
        document: RunDocument,
        candidates: Sequence[AdapterVersion],
        client: Client,
        *,
        number: int,
        deadline: datetime,
    ) -> Assignment:
        name = TaskName(document.run, placement_scope(number), client.client)
        self.spools[name.text] = document.spool
        return Assignment(name, name.text.encode())


def memory_receipt(name: TaskName, spool: str = "spool-0", *, voided: bool = False) -> bytes:
    """What `MemoryReceiptReader` takes for a receipt."""
    number, attempt = name.attempt or (0, 0)
    return json.dumps([spool, name.text, name.client, number, attempt, voided]).encode()


class MemoryReceiptReader:
    """In-memory twin of `pfi_coordinator.application.ports.receipt_reader.ReceiptReader`."""

    def read(self, statement: bytes, spool: str) -> Receipt:
        try:
            signer, *parts = json.loads(statement)
        except ValueError:
            raise SignatureInvalidError from None
        if signer != spool:
            raise SignatureInvalidError
        return Receipt(*parts)
