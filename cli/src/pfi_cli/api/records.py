"""Answers of the admin API that are not about one run. Unknown members are ignored."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A part of an answer: frozen, and open to members that a newer server adds."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Token(Record):
    """Join tokens, shown once; `token` is the first of them."""

    token: str
    tokens: Sequence[str] = ()
    expires_at: datetime


class Device(Record):
    """What a connected client's device last said of itself; None is unknown."""

    has_battery: bool | None = None
    battery_percent: int | None = None
    charging: bool | None = None
    metered: bool | None = None
    idle: bool | None = None
    memory_bytes: int | None = None
    element_bytes: int | None = None


class Client(Record):
    """An enrolled client."""

    client: str
    display_name: str = ""
    state: str
    connected: bool = False
    enrolled_at: datetime | None = None
    certificate_expires_at: datetime | None = None
    training_rows: int | None = None
    agent_version: str = ""
    upload_encodings: Sequence[str] = ()
    device_class: str | None = None
    device: Device | None = None


class Adapter(Record):
    """A published adapter version."""

    digest: str
    schema_digest: str
    run: str
    line: str
    version: int
    published_at: datetime | None = None
    discarded_energy: float = 0.0


class FederationInfo(Record):
    """The federation that answers."""

    federation: str
    version: str
