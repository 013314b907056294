"""The device's own retrieval service: joined where it runs, started where it does not.

One service serves all programs that use a state folder. Each of them holds a shared lock on
`rag/users.lock`; the service waits for that lock alone and ends when it gets it, that is, when the
last user has let go of it or was killed. So it is stopped by its last user, not by the one that
started it, and is never left behind.
"""

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pfi_client_agent.adapters.durable_files import read_json
from pfi_client_agent.adapters.process_lock import held, is_held
from pfi_client_agent.adapters.retrieval_link import RetrievalLink
from pfi_client_agent.adapters.state_folder import StateFolder
from pfi_common.errors import RetrievalUnavailableError, SettingsInvalidError
from pfi_common.identity import LocalIdentity
from pfi_common.rpc.channel import secure_channel

_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_PAUSE_SECONDS = 0.02
_ANSWER_SECONDS = 2.0
_SHOWN_LOG_CHARACTERS = 600


@dataclass(frozen=True)
class _Endpoint:
    """Where a retrieval service listens.

    Attributes:
        address: host:port.
        authority_pem: What its certificate is verified against.
    """

    address: str
    authority_pem: bytes


@asynccontextmanager
async def open_retrieval(
    folder: StateFolder,
    identity: LocalIdentity,
    address: str | None = None,
    certificate: Path | None = None,
) -> AsyncIterator[RetrievalLink]:
    """Open a link to a retrieval service for the length of the block.

    Args:
        folder: The agent's state folder; its own service lives in `rag/` there.
        identity: Of this device; decides whose index it is.
        address: host:port of a service that somebody else runs; None for the device's own.
        certificate: What that service is verified against (PEM).

    Raises:
        RetrievalUnavailableError: The service cannot be started or reached.
        SettingsInvalidError: Address and certificate do not go together.
    """
    if address is None:
        async with _own_service(folder, identity) as endpoint, _link(endpoint, identity) as link:
            yield link
    else:
        async with _link(_given(address, certificate), identity) as link:
            yield link


@asynccontextmanager
async def _link(endpoint: _Endpoint, identity: LocalIdentity) -> AsyncIterator[RetrievalLink]:
    channel = secure_channel(endpoint.address, identity, endpoint.authority_pem)
    async with channel:
        yield RetrievalLink(channel)


def _given(address: str, certificate: Path | None) -> _Endpoint:
    if certificate is None:
        raise SettingsInvalidError(
            "an address needs the certificate that the service is verified against: "
            "--rag-certificate FILE (identity/authority.pem in the service's state folder)"
        )
    try:
        return _Endpoint(address, certificate.read_bytes())
    except OSError as error:
        raise SettingsInvalidError(f"{certificate} cannot be read: {error.strerror}") from error


@asynccontextmanager
async def _own_service(folder: StateFolder, identity: LocalIdentity) -> AsyncIterator[_Endpoint]:
    service = _OwnService(folder, identity)
    service.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        async with held(service.users, shared=True, timeout_seconds=_STOP_SECONDS):
            async with held(service.starting, shared=False, timeout_seconds=_START_SECONDS):
                endpoint = await service.running()
            yield endpoint
    except TimeoutError as error:
        raise RetrievalUnavailableError(
            "The document index of this device is being started or stopped for too long."
        ) from error


class _OwnService:
    """The service of one state folder.

    Args:
        folder: The agent's state folder.
        identity: Of this device.
    """

    def __init__(self, folder: StateFolder, identity: LocalIdentity) -> None:
        self._identity = identity
        self.root = folder.root / "rag"
        self.users = self.root / "users.lock"
        self.starting = self.root / "starting.lock"
        self._authority = folder.identity / "authority.pem"
        self._log = self.root / "service.log"
        self._endpoints = self.root / "endpoints.json"

    async def running(self) -> _Endpoint:
        """Give where it listens; starts it unless it runs."""
        try:
            async with asyncio.timeout(_START_SECONDS):
                return await self._listening()
        except TimeoutError:
            raise RetrievalUnavailableError(
                f"The document index did not start within {_START_SECONDS:.0f} seconds; its log is "
                f"{self._log}."
            ) from None

    async def _listening(self) -> _Endpoint:
        child, silent = None, False
        while True:
            if child is None and not is_held(self.root / "service.lock"):
                # What a killed service left behind names a port that may be anybody's by now.
                self._endpoints.unlink(missing_ok=True)
                child = self._start()
            found = self._read_endpoints()
            if found is not None:
                # A service that was killed may hold its lock for a moment. One that lives on and
                # is silent is given out all the same: the call that follows says what is wrong.
                if child is not None or silent or await self._answers(found):
                    return found
                silent = True
            if child is not None and child.poll() is not None:
                raise RetrievalUnavailableError(
                    f"The document index did not start: {self._complaint()}"
                )
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _answers(self, endpoint: _Endpoint) -> bool:
        async with secure_channel(
            endpoint.address, self._identity, endpoint.authority_pem
        ) as channel:
            try:
                async with asyncio.timeout(_ANSWER_SECONDS):
                    await channel.channel_ready()
            except TimeoutError:
                return False
        return True

    def _start(self) -> "subprocess.Popen[bytes]":
        program = Path(sys.executable).with_name("pfi-rag")
        if not program.exists():
            raise RetrievalUnavailableError(
                f"{program} is missing: install pfi-rag beside the agent."
            )
        command: list[str | Path] = [
            program, "serve", "--state", self.root, "--federation-authority", self._authority,
            "--address", "127.0.0.1:0", "--rest-address", "", "--until-unused", self.users,
        ]  # fmt: skip
        with self._log.open("wb") as log:
            # A session of its own: Ctrl-C at the terminal is for its users, not for the service.
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        # It may end before this process does, which then has to take note of it.
        threading.Thread(target=child.wait, daemon=True).start()
        return child

    def _read_endpoints(self) -> _Endpoint | None:
        found = read_json(self._endpoints)
        if found is None:
            return None
        return _Endpoint(str(found["rpc"]), Path(found["certificate"]).read_bytes())

    def _complaint(self) -> str:
        text = self._log.read_text(errors="replace").strip()
        plain = [line for line in text.splitlines() if not line.startswith("{")]
        return " ".join(plain)[:_SHOWN_LOG_CHARACTERS] or f"see {self._log}"
