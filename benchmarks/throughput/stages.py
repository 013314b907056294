"""Where the wall time of a round goes, from what coordinator and clients saw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import ClassVar

from pfi_cli.api.runs import Round, Run


@dataclass(frozen=True)
class Stages:
    """One round.

    Attributes:
        seconds: From its opening to the opening of the next one; the last round ends with its
            publication.
        parts: The same, in pieces that follow each other.
    """

    NAMES: ClassVar[Mapping[str, str]] = {
        "deal": "from the opening to the last client that has its task",
        "download": "on to the last client that has the adapter",
        "upload": "on to the last receipt",
        "seal": "on to the sealed round",
        "publish": "on to the published adapter",
        "turn": "on to the opening of the next round",
    }

    seconds: float
    parts: Mapping[str, float]


def stages_of(run: Run, timeline: Sequence[Mapping[str, float]]) -> list[Stages]:
    """Cuts each round into its stages.

    Args:
        run: A completed run.
        timeline: Moments of each task of each client, in seconds since 1970.

    Raises:
        ValueError: A round did not count every client at the first attempt.
    """
    return [_stages(each, timeline) for each in run.rounds]


def _stages(each: Round, timeline: Sequence[Mapping[str, float]]) -> Stages:
    tasks = [task for task in timeline if task["round"] == each.round]
    if (each.attempt, each.counted) != (1, len(tasks)):
        raise ValueError(f"round {each.round} did not count every client at the first attempt")
    opened, sealed, published = map(_moment, (each.opened_at, each.sealed_at, each.published_at))
    ends = [max(task[name] for task in tasks) for name in ("begun", "downloaded", "committed")]
    following = _moment(each.next_opened_at or each.published_at)
    moments = [opened, *ends, sealed, published, following]
    parts = [round(later - earlier, 4) for earlier, later in pairwise(moments)]
    return Stages(round(following - opened, 4), dict(zip(Stages.NAMES, parts, strict=True)))


def _moment(moment: datetime | None) -> float:
    if moment is None:
        raise ValueError("a round is not finished")
    return moment.timestamp()
