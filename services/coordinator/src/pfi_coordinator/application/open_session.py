"""Opens and closes the sessions of agents."""

import re
import secrets
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

from pfi_common.errors import InvalidRequestError, StoreUnavailableError
from pfi_common.telemetry.events import Event as LogEvent
from pfi_common.telemetry.log import get_logger
from pfi_coordinator.application.ports.client_registry import ClientRegistry
from pfi_coordinator.application.ports.presence import Presence
from pfi_coordinator.application.ports.signals import Signals
from pfi_coordinator.domain.device import UNKNOWN_DEVICE, DeviceReport
from pfi_coordinator.domain.enrolment import check_agent_version
from pfi_coordinator.domain.members import AgentFacts, Session

PROTOCOL = 1
"""The protocol version that this coordinator speaks."""

_MAXIMUM_ENCODINGS = 16
_ENCODING = re.compile(r"[A-Za-z0-9_]{1,32}")
_DEVICE_CLASS = re.compile(r"([a-z0-9][a-z0-9_-]{0,31})?")


@dataclass(frozen=True, slots=True)
class Hello:
    """What an agent says of itself when it connects."""

    agent_version: str
    protocol_minimum: int
    protocol_maximum: int
    encodings: tuple[str, ...]
    training_rows: int
    ready: bool
    device_class: str = ""
    kept_runs: tuple[str, ...] = ()
    device: DeviceReport = UNKNOWN_DEVICE


class OpenSession:
    """Records who is connected to this replica."""

    def __init__(
        self, replica: str, registry: ClientRegistry, presence: Presence, signals: Signals
    ) -> None:
        self._replica = replica
        self._registry = registry
        self._presence = presence
        self._signals = signals

    async def __call__(self, client: str, hello: Hello) -> Session:
        """Opens a session; an older one of the same client, wherever it is, is asked to end.

        Raises:
            InvalidRequestError: The hello breaks a rule, or speaks no common protocol version.
            ClientUnknownError: The client is not registered.
        """
        _check(hello)
        await self._registry.get(client)
        encodings = tuple(sorted({_encoding_name(item) for item in hello.encodings}))
        rows, device = hello.training_rows, hello.device_class
        facts = AgentFacts(hello.agent_version, rows, encodings, device)
        await self._registry.described(client, facts)
        session = Session(
            client=client,
            session=f"s-{secrets.token_hex(8)}",
            replica=self._replica,
            ready=hello.ready,
            training_rows=hello.training_rows,
            encodings=encodings,
            device_class=hello.device_class,
            device=hello.device,
        )
        async with AsyncExitStack() as unless_opened:
            unless_opened.push_async_callback(self._forget, session)
            await self._announce(session)
            unless_opened.pop_all()
        get_logger().info(LogEvent.SESSION_OPENED, client=client, replica=self._replica)
        return session

    async def _announce(self, session: Session) -> None:
        replaced = await self._presence.enter(session)
        if replaced is not None:
            await self._signals.session_replaced(replaced.replica, session.client, replaced.session)
        await self._signals.clients_changed()

    async def _forget(self, session: Session) -> None:
        """Forgets a session that did not come about; KeepPresence does when the store is away."""
        with suppress(StoreUnavailableError):
            await self._presence.leave(session)

    async def close(self, session: Session) -> None:
        """Forgets a session that has ended."""
        get_logger().info(LogEvent.SESSION_CLOSED, client=session.client, replica=self._replica)
        await self._presence.leave(session)
        await self._signals.clients_changed()


def _check(hello: Hello) -> None:
    check_agent_version(hello.agent_version)
    if not hello.protocol_minimum <= PROTOCOL <= hello.protocol_maximum:
        raise InvalidRequestError(
            f"this coordinator speaks protocol version {PROTOCOL}; update the agent",
            field="protocol_minimum",
        )
    if hello.training_rows <= 0:
        raise InvalidRequestError("training_rows: at least 1", field="training_rows")
    odd = any(not _ENCODING.fullmatch(item) for item in hello.encodings)
    if odd or len(hello.encodings) > _MAXIMUM_ENCODINGS:
        raise InvalidRequestError(
            "upload_encodings: too many, or not names", field="upload_encodings"
        )
    if not _DEVICE_CLASS.fullmatch(hello.device_class):
        raise InvalidRequestError(
            "device_class: 1 to 32 lower-case letters, digits, `_` or `-`", field="device_class"
        )


def _encoding_name(encoding: str) -> str:
    """Reads `ENCODING_INT8_BLOCK` and `int8_block` alike."""
    return encoding.removeprefix("ENCODING_").lower()
