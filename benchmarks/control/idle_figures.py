"""Rows, targets and notes of idle agents, from what was measured."""

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from benchmarks.control.crowd import Status
from benchmarks.result import Result, Row, Target

SESSIONS = 5_000
LIMIT_KILOBYTES = 120.0
MEMORY = "memory per idle open session"
STORM = "reconnect storm after a restart"
BACK_OFF = "sessions that ended, and attempts that were told or left to come back later"


@dataclass(frozen=True)
class Held:
    """Sessions that one server held.

    Attributes:
        empty_megabytes: Resident memory of the server without sessions.
        session_kilobytes: What each session added.
        open_milliseconds: CPU time of the server to open one.
        open_seconds: Until all were open.
        idle_cores: What the server was busy with while they were idle.
    """

    empty_megabytes: float
    session_kilobytes: float
    open_milliseconds: float
    open_seconds: float
    idle_cores: float


@dataclass(frozen=True)
class Storm:
    """All sessions, from the end of the coordinator until they are open again.

    Attributes:
        restart_seconds: Until a new process listened.
        settle_seconds: From then until the last session was open.
        back_off: Why sessions ended and attempts failed, of those that an agent tries again.
        refused: Why agents gave up.
    """

    restart_seconds: float
    settle_seconds: float
    back_off: dict[str, int]
    refused: dict[str, int]


def storm_of(before: Status, after: Status, restarted: float, settled: float) -> Storm:
    """Sums up what agents saw between two moments."""
    given_up = after.refused - before.refused
    return Storm(
        round(restarted, 2),
        round(settled, 2),
        dict(after.ended - before.ended - given_up),
        dict(given_up),
    )


def result_of(
    bare: Sequence[Held], ours: Sequence[Held], storms: Sequence[Storm], sessions: int, files: int
) -> Result:
    """Rows, targets and notes."""
    return Result(
        name="idle-agents",
        about=f"{sessions:,} agents, each with its own certificate and connection, with one "
        "coordinator process over mutual TLS; beside it a server that only holds streams.",
        rows=[*_rows("bare grpc.aio", bare), *_rows("coordinator", ours), *_storm_rows(storms)],
        targets=_targets(ours, bare, storms, sessions),
        notes=[
            "Memory is the resident memory of the server with all sessions open and idle, less "
            "that of the same process before, by session. The bare server is grpc.aio with the "
            "coordinator's certificate, options and mutual TLS, and a handler that reads one "
            "message, writes one and waits; both serve the same clients, in turn.",
            "For the storm the coordinator is killed and started again at the same address, so all "
            "agents lose their session at the same moment and come back by the agent's own rules: "
            "what may pass is tried again with back-off and jitter, and a delay that the "
            "coordinator asks for is kept. Anything else is an error. Until the new process "
            "listens every attempt finds nobody; the time to settle begins when it does.",
            f"A session takes one open file: the limit is raised to {files:,} here, and by the "
            "coordinator itself when it starts, as far as the system grants it.",
        ],
        measured={
            "sessions": sessions,
            "bare": [asdict(each) for each in bare],
            "coordinator": [asdict(each) for each in ours],
            "storms": [asdict(each) for each in storms],
        },
    )


def _rows(side: str, held: Sequence[Held]) -> list[Row]:
    return [
        Row.of(f"{side}: {MEMORY}", "KB", [each.session_kilobytes for each in held]),
        Row.of(f"{side}: memory without sessions", "MB", [each.empty_megabytes for each in held]),
        Row.of(f"{side}: CPU to open a session", "ms", [each.open_milliseconds for each in held]),
        Row.of(f"{side}: until all are open", "s", [each.open_seconds for each in held]),
        Row.of(f"{side}: cores in use while all are idle", "1", [each.idle_cores for each in held]),
    ]


def _storm_rows(storms: Sequence[Storm]) -> list[Row]:
    rows = [
        Row.of(f"{STORM}: until it listens again", "s", [each.restart_seconds for each in storms]),
        Row.of(f"{STORM}: on until all are open", "s", [each.settle_seconds for each in storms]),
    ]
    for reason in sorted({reason for each in storms for reason in each.back_off}):
        counts = [float(each.back_off.get(reason, 0)) for each in storms]
        rows.append(Row.of(f"{STORM}: {BACK_OFF}, {reason}", "1", counts))
    return rows


def _targets(
    ours: Sequence[Held], bare: Sequence[Held], storms: Sequence[Storm], sessions: int
) -> list[Target]:
    if sessions != SESSIONS:
        return []
    each, alone = (
        statistics.median(held.session_kilobytes for held in side) for side in (ours, bare)
    )
    highest = max(held.session_kilobytes for held in ours)
    refused = sum((Counter(storm.refused) for storm in storms), Counter())
    longest = max(storm.settle_seconds for storm in storms)
    others = (
        ", ".join(f"{count} {reason}" for reason, count in refused.items()) or "no other errors"
    )
    return [
        Target(
            MEMORY,
            "below 120 KB at 5,000 agents",
            f"{each:.1f} KB (highest {highest:.1f} KB), bare gRPC {alone:.1f} KB",
            highest < LIMIT_KILOBYTES,
        ),
        Target(
            "reconnect storm",
            "of all of them after a restart settles without errors other than typed back-off",
            f"settled within {longest:.0f} s of the restart, {others or 'no other errors'}",
            not refused,
        ),
    ]
