"""A TCP proxy on loopback that breaks one connection at an exact byte, then behaves."""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto

from pfi_cli.local.waiting import wait_until

_PIECE = 1 << 16
_WAIT_SECONDS = 60.0
_LINGER_NOT = struct.pack("ii", 1, 0)  # what is closed then sends RST


class Action(Enum):
    """What happens to the first connection that carries so many bytes to the server."""

    RESET = auto()
    """Both ends get a RST; not one byte more is passed on."""
    HOLD = auto()
    """Nothing more is passed on either way, but both ends still see an open connection."""
    DEAFEN = auto()
    """Bytes still reach the server; its answers are thrown away."""


@dataclass(eq=False)
class Connection:
    """One connection that came through.

    Attributes:
        sent_bytes: Passed on to the server.
        received_bytes: Passed on to the client.
        struck: Set once the fault has taken effect on it.
    """

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    sent_bytes: int = 0
    received_bytes: int = 0
    struck: threading.Event = field(default_factory=threading.Event)

    def reset(self) -> None:
        """Sends a RST to both ends."""
        for end in (self.client, self.server):
            plain: socket.socket | None = end.get_extra_info("socket")
            if plain is not None and not end.transport.is_closing():
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
            end.transport.abort()


class FaultProxy:
    """Listens at `address` for as long as the block runs, in a thread of its own.

    Attributes:
        target: host:port that bytes are passed on to; may be changed.
        connections: All that there were, in order.
    """

    def __init__(self, target: str, listener: socket.socket | None = None) -> None:
        self.target = target
        self._listener = listener
        self.connections: list[Connection] = []
        self._fault: tuple[Action, int] | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._serving: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def address(self) -> str:
        """host:port for clients."""
        assert self._server is not None
        return f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def __enter__(self) -> "FaultProxy":
        self._thread.start()
        listener = self._listener or socket.create_server(("127.0.0.1", 0))
        starting = asyncio.start_server(self._serve, sock=listener, limit=_PIECE)
        self._server = asyncio.run_coroutine_threadsafe(starting, self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def arm(self, action: Action, after_bytes: int) -> None:
        """Breaks the next connection that would carry more than so many bytes to the server."""
        self._call(lambda: setattr(self, "_fault", (action, after_bytes)))

    def disarm(self) -> bool:
        """Takes the fault back; False when it has taken effect."""
        armed = self._fault is not None
        self._call(lambda: setattr(self, "_fault", None))
        return armed

    def reset(self, connection: Connection) -> None:
        """Sends a RST to both ends of a connection."""
        self._call(connection.reset)

    def wait_until_struck(self) -> Connection:
        """The connection that was broken, once it was."""

        def struck() -> list[Connection]:
            return [item for item in list(self.connections) if item.struck.is_set()]

        assert wait_until(lambda: bool(struck()), _WAIT_SECONDS), "the fault did not take effect"
        return struck()[-1]

    def _call(self, change: Callable[[], None]) -> None:
        async def run() -> None:
            change()

        asyncio.run_coroutine_threadsafe(run(), self._loop).result()

    async def _close(self) -> None:
        assert self._server is not None
        self._server.close()
        for connection in self.connections:
            connection.reset()
        for serving in self._serving:
            serving.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, up: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        serving = asyncio.current_task()
        assert serving is not None
        self._serving.add(serving)
        serving.add_done_callback(self._serving.discard)
        host, _, port = self.target.rpartition(":")
        try:
            down, server = await asyncio.open_connection(host, int(port), limit=_PIECE)
        except OSError:  # the server is down: so is the way to it
            client.transport.abort()
            return
        connection = Connection(client, server)
        self.connections.append(connection)
        await asyncio.gather(self._pass_up(connection, up), self._pass_down(connection, down))

    async def _pass_up(self, connection: Connection, reader: asyncio.StreamReader) -> None:
        with suppress(OSError):
            while data := await reader.read(_PIECE):
                action, allowed = self._judge(connection, len(data))
                connection.server.write(data[:allowed])
                connection.sent_bytes += allowed
                await connection.server.drain()
                if action is not None:
                    connection.struck.set()
                if action is Action.RESET:
                    connection.reset()
                if action in (Action.RESET, Action.HOLD):
                    return
        connection.server.transport.abort()

    async def _pass_down(self, connection: Connection, reader: asyncio.StreamReader) -> None:
        with suppress(OSError):
            while data := await reader.read(_PIECE):
                if not connection.struck.is_set():
                    connection.client.write(data)
                    connection.received_bytes += len(data)
                    await connection.client.drain()
        if not connection.struck.is_set():
            connection.client.transport.abort()

    def _judge(self, connection: Connection, size: int) -> tuple[Action | None, int]:
        """Whether these bytes reach the fault's place, and how many of them still pass."""
        if self._fault is None or connection.sent_bytes + size <= self._fault[1]:
            return None, size
        action, after_bytes = self._fault
        self._fault = None
        if action is Action.DEAFEN:  # before the server can answer
            connection.struck.set()
            return action, size
        return action, max(after_bytes - connection.sent_bytes, 0)
