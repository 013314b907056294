"""A wire that a test cuts: two ends of a virtual cable, one of them in a namespace of its own."""

import ctypes
import os
import socket
import subprocess
import threading
from pathlib import Path
from types import TracebackType

import pytest

_NEW_NETWORK = 0x40000000
"""CLONE_NEWNET of sched.h."""

_CONNECT_SECONDS = 1.0


class CutLink:
    """Listens at the far end of the cable; the test is skipped where none can be made.

        with CutLink() as link:
            ...                 # serve link.listener, call link.address
            link.cut()          # nothing passes, and nobody is told
            link.mend()

    Attributes:
        listener: A listening socket at the far end.
    """

    def __init__(self) -> None:
        number = os.getpid() % 60_000
        self._space, self._near, self._far = f"pfi{number}", f"pfin{number}", f"pfif{number}"
        network = f"10.{200 + number // 256 % 50}.{number % 256}"
        self._near_address, self._far_address = f"{network}.1", f"{network}.2"

    def __enter__(self) -> "CutLink":
        self._ip_or_skip("netns", "add", self._space)
        try:
            self._lay()
            self.listener = self._listen()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.listener.close()
        self._remove()

    @property
    def host(self) -> str:
        """Address of the far end."""
        return self._far_address

    @property
    def address(self) -> str:
        """host:port for callers."""
        return f"{self._far_address}:{self.listener.getsockname()[1]}"

    def cut(self) -> None:
        """Lets nothing pass any more."""
        self._ip("-n", self._space, "link", "set", self._far, "down")

    def mend(self) -> None:
        """Lets everything pass again."""
        self._ip("-n", self._space, "link", "set", self._far, "up")

    def passes(self) -> bool:
        """Whether a connection through the cable comes about."""
        try:
            with socket.create_connection(self.listener.getsockname(), _CONNECT_SECONDS):
                return True
        except OSError:
            return False

    def _lay(self) -> None:
        ends = ("type", "veth", "peer", "name", self._far, "netns", self._space)
        self._ip_or_skip("link", "add", self._near, *ends)
        self._ip("address", "add", f"{self._near_address}/30", "dev", self._near)
        self._ip("link", "set", self._near, "up")
        inside = ("-n", self._space)
        self._ip(*inside, "address", "add", f"{self._far_address}/30", "dev", self._far)
        self._ip(*inside, "link", "set", self._far, "up")

    def _listen(self) -> socket.socket:
        """Makes the socket in a thread that has moved into the namespace: there it stays."""
        made: list[socket.socket] = []

        def listen() -> None:
            library = ctypes.CDLL(None, use_errno=True)
            with Path("/var/run/netns", self._space).open() as space:
                if library.setns(space.fileno(), _NEW_NETWORK) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            made.append(socket.create_server((self._far_address, 0)))

        thread = threading.Thread(target=listen)
        thread.start()
        thread.join()
        return made[0]

    def _remove(self) -> None:
        """The cable goes with the namespace that holds one end of it."""
        self._ip("netns", "delete", self._space)

    @staticmethod
    def _ip(*words: str) -> None:
        subprocess.run(["ip", *words], check=True, capture_output=True)

    def _ip_or_skip(self, *words: str) -> None:
        try:
            self._ip(*words)
        except (FileNotFoundError, subprocess.CalledProcessError) as error:
            if words[0] == "link":
                self._remove()
            pytest.skip(f"no network namespace can be made here: {error}")
