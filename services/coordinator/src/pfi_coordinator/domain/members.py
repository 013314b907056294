"""Clients and their sessions."""

from dataclasses import dataclass
from datetime import datetime

from pfi_coordinator.domain.device import UNKNOWN_DEVICE, DeviceReport


@dataclass(frozen=True, slots=True)
class AgentFacts:
    """What a client's agent says of itself when it connects.

    Attributes:
        agent_version: Its version.
        training_rows: Rows that it may train on.
        upload_encodings: Encodings that it can write, in lower case, sorted.
        device_class: Class of its device; empty for none.
    """

    agent_version: str
    training_rows: int
    upload_encodings: tuple[str, ...]
    device_class: str


@dataclass(frozen=True, slots=True)
class Client:
    """An enrolled client, as the registry knows it."""

    client: str
    display_name: str
    key_sha256: str
    public_key_der: bytes
    enrolled_at: datetime
    certificate_expires_at: datetime | None = None
    training_rows: int = 0
    agent_version: str = ""
    upload_encodings: tuple[str, ...] = ()
    device_class: str = ""
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """An open session, as its client announced itself."""

    client: str
    session: str
    replica: str
    ready: bool
    training_rows: int
    encodings: tuple[str, ...]
    device_class: str = ""
    device: DeviceReport = UNKNOWN_DEVICE
