"""What a check has found."""

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How good a finding is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table.

    Attributes:
        check: What was looked at, for instance `port`.
        subject: Which one, for instance `coordinator session`.
        status: How good it is.
        found: What was found, a sentence without a full stop.
        next_step: What to do; empty when there is nothing to do.
    """

    check: str
    subject: str
    status: Status
    found: str
    next_step: str = ""


def ok(check: str, subject: str, found: str) -> Finding:
    """A finding that is as it should be."""
    return Finding(check, subject, Status.OK, found)


def warning(check: str, subject: str, found: str, next_step: str) -> Finding:
    """A finding that works, and will not for ever or not for everyone."""
    return Finding(check, subject, Status.WARNING, found, next_step)


def problem(check: str, subject: str, found: str, next_step: str) -> Finding:
    """A finding that keeps something from working."""
    return Finding(check, subject, Status.PROBLEM, found, next_step)


def skipped(check: str, subject: str, why: str, next_step: str = "") -> Finding:
    """A check that could not be made, or is not needed here."""
    return Finding(check, subject, Status.SKIPPED, why, next_step)
