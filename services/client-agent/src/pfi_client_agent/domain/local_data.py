"""The device's data after reading: distinct rows, and what was wrong with the others."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from pfi_client_agent.domain.rows import Row, content_digest, kind_of
from pfi_common.errors import DataTooManyBadRowsError, DataUnreadableError

SHOWN_BAD_ROWS = 10
MINIMUM_TRAINING_ROWS = 2
MINIMUM_HELD_OUT_ROWS = 1
MINIMUM_ROWS = MINIMUM_TRAINING_ROWS + MINIMUM_HELD_OUT_ROWS


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was skipped.

    Attributes:
        line_number: Line of a text file, or row of a table, from 1.
        reason: Why, in a few words, without the row's text.
        file: File within a folder; empty where one file is read.
        unit: What is counted: `line` or `row`.
    """

    line_number: int
    reason: str
    file: str = ""
    unit: str = "line"

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return f"{self.file}{' ' if self.file else ''}{self.unit} {self.line_number}"


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file of a folder that was not read.

    Attributes:
        file: Its path within the folder.
        reason: Why, in a few words.
    """

    file: str
    reason: str


@dataclass
class LocalData:
    """Distinct rows by content digest, in the order of their first appearance.

    Attributes:
        source: What was read, for messages.
        rows: Distinct rows; a duplicate is counted once.
        rows_read: Rows seen, the bad ones and duplicates included.
        bad_count: Rows that were skipped.
        bad_rows: The first ones of them.
        files_read: Files that rows were looked for in.
        skipped_files: Files of a folder that were not read.
    """

    source: str
    rows: dict[bytes, Row] = field(default_factory=dict)
    rows_read: int = 0
    bad_count: int = 0
    bad_rows: list[BadRow] = field(default_factory=list)
    files_read: int = 1
    skipped_files: list[SkippedFile] = field(default_factory=list)

    def add(self, row: Row) -> None:
        """Count a good row."""
        self.rows_read += 1
        self.rows.setdefault(content_digest(row), row)

    def skip(self, line_number: int, reason: str, *, unit: str = "line") -> None:
        """Count a bad row; keep the first few for people."""
        self.rows_read += 1
        self.bad_count += 1
        if len(self.bad_rows) < SHOWN_BAD_ROWS:
            self.bad_rows.append(BadRow(line_number, reason, unit=unit))

    def merge(self, part: "LocalData", file: str) -> None:
        """Take in what a file of a folder holds."""
        self.rows_read += part.rows_read
        self.bad_count += part.bad_count
        for digest, row in part.rows.items():
            self.rows.setdefault(digest, row)
        room = SHOWN_BAD_ROWS - len(self.bad_rows)
        self.bad_rows += [
            BadRow(bad.line_number, bad.reason, file, bad.unit) for bad in part.bad_rows[:room]
        ]

    @property
    def duplicate_count(self) -> int:
        """Rows that repeat another one."""
        return self.rows_read - self.bad_count - len(self.rows)

    @property
    def training_rows(self) -> int:
        """Most rows that a run can train on: at least one is always held out."""
        return len(self.rows) - MINIMUM_HELD_OUT_ROWS

    @property
    def kinds(self) -> Mapping[str, int]:
        """Distinct rows by kind, the most frequent kind first."""
        return dict(Counter(kind_of(row) for row in self.rows.values()).most_common())

    def require_usable(self, bad_row_limit: Fraction) -> None:
        """Check that the data is good enough to train on.

        Args:
            bad_row_limit: Highest share of bad rows that is accepted.

        Raises:
            DataUnreadableError: There is nothing in it, or too little.
            DataTooManyBadRowsError: More rows are bad than the limit allows.
        """
        if self.rows_read == 0:
            raise DataUnreadableError(f"{self.source} is empty.")
        if self.bad_count > bad_row_limit * self.rows_read:
            raise DataTooManyBadRowsError(self._too_many(bad_row_limit))
        if len(self.rows) < MINIMUM_ROWS:
            raise DataUnreadableError(
                f"{self.source} has {len(self.rows)} distinct usable rows; at least {MINIMUM_ROWS} "
                f"are needed, {MINIMUM_TRAINING_ROWS} to train on and {MINIMUM_HELD_OUT_ROWS} to "
                f"hold out."
            )

    def _too_many(self, bad_row_limit: Fraction) -> str:
        shown = "; ".join(f"{bad.place} {bad.reason}" for bad in self.bad_rows)
        more = "; ..." if self.bad_count > len(self.bad_rows) else ""
        return (
            f"{self.bad_count} of {self.rows_read} rows of {self.source} cannot be used, more than "
            f"the limit of {float(bad_row_limit):.1%}: {shown}{more}."
        )
