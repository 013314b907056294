"""The committed updates of one round: each task at most once, no more than permitted."""

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pfi_aggregator.adapters.durable import storage_failures, sync_folder
from pfi_aggregator.adapters.spool.record_file import read_committed
from pfi_aggregator.adapters.spool.round_secret import RoundSecret
from pfi_aggregator.domain.stored_update import corrupt_update
from pfi_aggregator.domain.update import CommittedUpdate, CountedUpdate, summarize
from pfi_common.errors import ArtifactCorruptError, RoundFullError, UpdateConflictError


class Commits:
    """Index of a round's folder. Threads may commit beside each other."""

    def __init__(self, folder: Path, maximum_updates: int, secret: RoundSecret) -> None:
        self._folder = folder
        self._secret = secret
        self._maximum = maximum_updates
        self._changed = threading.Condition()
        self._linking: set[str] = set()
        self._updates: dict[str, CommittedUpdate] = {}
        self._order: list[CommittedUpdate] = []
        self._damaged: set[str] = set()

    @property
    def payload_bytes(self) -> int:
        """Payload bytes of all updates."""
        return sum(update.counted.payload_bytes for update in tuple(self._order))

    def recover(self) -> None:
        """Reads the folder; a committed file that cannot be read is remembered as damaged."""
        for path in sorted(self._folder.iterdir()):
            if path.name.startswith("."):
                continue
            try:
                self._remember(path.name, summarize(read_committed(path, self._secret)))
            except ArtifactCorruptError:
                self._damaged.add(path.name)

    def keep(self, counted: Iterable[CountedUpdate]) -> None:
        """Forgets and deletes the files outside the counted set: they were linked, never counted.

        Who sent one was told that it failed; a receipt for it would say what the merge denies.
        """
        tasks = {update.task for update in counted}
        for task in (self._updates.keys() | self._damaged) - tasks:
            with storage_failures():
                (self._folder / task).unlink(missing_ok=True)
            self._updates.pop(task, None)
            self._damaged.discard(task)
        self._order = [update for update in self._order if update.counted.task in tasks]

    def find(self, task: str) -> CommittedUpdate | None:
        """Gives a task's update.

        Raises:
            ArtifactCorruptError: it was committed but cannot be read.
        """
        if task in self._damaged:
            raise corrupt_update(task)
        return self._updates.get(task)

    def since(self, start: int) -> tuple[CommittedUpdate, ...]:
        """Gives the updates from the `start`-th on, in the order of their commits."""
        return tuple(self._order[start:])

    def all(self) -> list[CommittedUpdate]:
        """Gives all updates, sorted by task.

        Raises:
            ArtifactCorruptError: one of them cannot be read.
        """
        for task in sorted(self._damaged):
            raise corrupt_update(task)
        return [self._updates[task] for task in sorted(self._updates)]

    def commit(self, source: Path, update: CommittedUpdate) -> CommittedUpdate:
        """Links a durable file into the folder, unless the task has one, and gives what counts.

        Raises:
            UpdateConflictError: the task has other bytes.
            RoundFullError: the round has as many updates as it may.
            DiskFullError: the device is full; nothing is counted.
        """
        with self._claim(update.counted.task) as existing:
            counts = existing or self._link(source, update)
        if counts.counted.payload_sha256 != update.counted.payload_sha256:
            raise UpdateConflictError
        return counts

    @contextmanager
    def _claim(self, task: str) -> Iterator[CommittedUpdate | None]:
        """Gives a task's update, or reserves one of the round's places for it."""
        with self._changed:
            self._changed.wait_for(lambda: task not in self._linking)
            existing = self.find(task)
            if existing is None:
                if len(self._updates.keys() | self._linking | self._damaged) >= self._maximum:
                    raise RoundFullError
                self._linking.add(task)
        try:
            yield existing
        finally:
            with self._changed:
                self._linking.discard(task)
                self._changed.notify_all()

    def _link(self, source: Path, update: CommittedUpdate) -> CommittedUpdate:
        target = self._folder / update.counted.task
        with storage_failures():
            try:
                os.link(source, target)
            except FileExistsError:  # linked by a call that could not make the name durable
                update = summarize(read_committed(target, self._secret))
            sync_folder(self._folder)
        self._remember(target.name, update)
        return update

    def _remember(self, task: str, update: CommittedUpdate) -> None:
        with self._changed:
            self._updates[task] = update
            self._order.append(update)
