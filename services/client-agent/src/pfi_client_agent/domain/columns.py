"""Which columns of a file or data set hold what rows are made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field

FIELDS = ("text", "label", "messages", "prompt", "completion")


class ColumnsInvalidError(ValueError):
    """The mapping cannot be read; the message says why."""


@dataclass(frozen=True)
class Columns:
    """Fields of a row by the columns that hold them.

    Attributes:
        named: Column by field; a field that is not here has its own name.
    """

    named: Mapping[str, str] = field(default_factory=dict)

    @property
    def wanted(self) -> tuple[str, ...]:
        """Columns that rows are made of; others are not read."""
        return tuple(self.named.get(name, name) for name in FIELDS if self._is_read(name))

    def apply(self, document: Mapping[str, object]) -> dict[str, object]:
        """Give a document under the names of the fields.

        With a mapping, only mapped fields and the label are read: a data set's own `text` next to
        a mapped prompt and completion would make two kinds of one row.
        """
        return {
            name: document[column]
            for name in FIELDS
            if self._is_read(name) and (column := self.named.get(name, name)) in document
        }

    def _is_read(self, name: str) -> bool:
        return not self.named or name in self.named or name == "label"


def parse_columns(text: str) -> Columns:
    """Read `text=body,label=category`: fields of a row, and the columns that hold them.

    Raises:
        ColumnsInvalidError: A part has no `=`, or names an unknown field or one twice.
    """
    named: dict[str, str] = {}
    for part in text.split(","):
        name, equals, column = (piece.strip() for piece in part.partition("="))
        if not equals or not column:
            raise ColumnsInvalidError(f"`{part.strip()}` is not of the form FIELD=COLUMN")
        if name not in FIELDS:
            raise ColumnsInvalidError(
                f"`{name}` is no field of a row; they are {', '.join(FIELDS)}"
            )
        if name in named:
            raise ColumnsInvalidError(f"`{name}` is given twice")
        named[name] = column
    return Columns(named)
