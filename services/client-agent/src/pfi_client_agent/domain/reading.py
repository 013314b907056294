"""How the device's data is to be read."""

from dataclasses import dataclass, field

from pfi_client_agent.domain.columns import Columns


@dataclass(frozen=True)
class Reading:
    """What the device's owner says of his data.

    Attributes:
        columns: Which columns hold what rows are made of.
        speaker: Whose speeches are read of plain texts; None for everything.
    """

    columns: Columns = field(default_factory=Columns)
    speaker: str | None = None
