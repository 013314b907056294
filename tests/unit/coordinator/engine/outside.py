"""Everything that the round engine commands but is not: aggregators, the task board, artifacts."""

from dataclasses import dataclass, field

from pfi_coordinator.domain.tasks import TaskName, TaskState

Key = tuple[str, int, int]
"""A line's attempt: (line, round, attempt)."""


class SupersededError(Exception):
    """A newer leader has commanded this aggregator."""


class AwayError(Exception):
    """What is asked does not answer now: `reason`, and the spools it is about."""

    def __init__(self, reason, spools=""):
        super().__init__(reason)
        self.reason = reason
        self.spools = spools


class RefusedError(Exception):
    """What is asked will never be done."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


@dataclass
class Part:
    """What one spool holds of an attempt."""

    state: str = "open"
    committed: set[str] = field(default_factory=set)
    settled: bool = False


@dataclass
class Published:
    """What a version was made of."""

    attempt: int
    counted: frozenset[str]


@dataclass
class Artifacts:
    """What all aggregators and workers share."""

    versions: dict[tuple[str, int], Published] = field(default_factory=dict)
    pieces: dict[Key, int] = field(default_factory=dict)
    sketches: bool = False
    evaluations: set[tuple[str, int]] = field(default_factory=set)


class Aggregator:
    """One spool. A command is obeyed whole or not at all, and its answer may be lost."""

    def __init__(self, name: str, artifacts: Artifacts) -> None:
        self.name = name
        self.away = False
        self.parts: dict[Key, Part] = {}
        self._artifacts = artifacts
        self._token = 0

    def obey(self, token: int) -> None:
        if self.away:
            raise AwayError("SPOOL_UNAVAILABLE", self.name)
        if token < self._token:
            raise SupersededError
        self._token = token

    def open(self, token: int, key: Key) -> None:
        self.obey(token)
        if self.parts.setdefault(key, Part()).state == "aborted":
            raise RefusedError("ATTEMPT_VOIDED")

    def seal(self, token: int, key: Key) -> frozenset[str]:
        part = self._part(token, key, {"open", "sealed", "finalized"})
        if part.state == "open":
            part.state = "sealed"
        return frozenset(part.committed)

    def fold(self, token: int, key: Key) -> frozenset[str]:
        return frozenset(self._part(token, key, {"sealed", "finalized"}).committed)

    def finalize(self, token: int, key: Key, claimed: frozenset[str], others: frozenset[str]):
        """Publishes once; the answer is the same ever after."""
        part = self._part(token, key, {"sealed", "finalized"})
        line, number, attempt = key
        made = Published(attempt, frozenset(part.committed) | others)
        if made.counted != claimed:
            raise RefusedError("SIGNATURE_INVALID")
        if self._artifacts.versions.setdefault((line, number), made) != made:
            raise RefusedError("ROUND_STATE_INVALID")
        part.state = "finalized"

    def abort(self, token: int, key: Key) -> None:
        self.obey(token)
        part = self.parts.setdefault(key, Part())
        self._require(part, {"open", "sealed", "aborted"})
        part.state = "aborted"

    def settle(self, token: int, key: Key) -> None:
        self.obey(token)
        if key not in self.parts:
            return
        part = self.parts[key]
        line, number, attempt = key
        made = self._artifacts.versions.get((line, number))
        if part.state == "sealed" and made is not None and made.attempt == attempt:
            part.state = "finalized"
        self._require(part, {"finalized", "aborted"})
        part.settled = True

    def commit(self, key: Key, client: str) -> str:
        """What a client's upload ends with: a receipt, or the reason of the refusal."""
        if self.away:
            return "SPOOL_UNAVAILABLE"
        part = self.parts.get(key)
        if part is None or part.settled:
            return "ROUND_UNKNOWN"
        if client in part.committed and part.state != "aborted":
            return "receipt"
        if part.state != "open":
            return "ATTEMPT_VOIDED" if part.state == "aborted" else "UPDATE_TOO_LATE"
        part.committed.add(client)
        return "receipt"

    def _part(self, token: int, key: Key, allowed: set[str]) -> Part:
        self.obey(token)
        if key not in self.parts:
            raise RefusedError("ROUND_UNKNOWN")
        self._require(self.parts[key], allowed)
        return self.parts[key]

    @staticmethod
    def _require(part: Part, allowed: set[str]) -> None:
        if part.state not in allowed:
            raise RefusedError("ROUND_STATE_INVALID")


class Board:
    """Rows and inboxes, with the rules of the task board."""

    def __init__(self) -> None:
        self.rows: dict[TaskName, TaskState] = {}
        self.inboxes: dict[str, set[TaskName]] = {}

    def hand_out(self, name: TaskName) -> None:
        if name not in self.rows:
            self.rows[name] = TaskState.ASSIGNED
            self.inboxes.setdefault(name.client, set()).add(name)

    def take_back(self, name: TaskName) -> None:
        self.rows[name] = TaskState.CANCELLED
        self.inboxes.get(name.client, set()).discard(name)

    def finish(self, name: TaskName) -> None:
        self.rows[name] = TaskState.COMPLETED
        self.inboxes.get(name.client, set()).discard(name)

    def open_tasks(self, client: str) -> list[TaskName]:
        return sorted(self.inboxes.get(client, ()), key=lambda name: name.text)
