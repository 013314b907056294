"""One client of a federation, and the retrieval service as a process that it may call."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from benchmarks.machine import REPOSITORY
from pfi_client_agent.adapters.retrieval_link import RetrievalLink
from pfi_common.clock import SystemClock
from pfi_common.identity import (
    CertificateAuthority,
    LocalIdentity,
    generate_key,
    identity_of,
    key_to_pem,
)
from pfi_common.rpc.channel import secure_channel
from pfi_common.settings import DIRECT_WAITING
from pfi_rag.domain.ownership import Owner

START_SECONDS = 120


class Device:
    """A federation's authority and one client of it, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "rag"
        self.state.mkdir(parents=True)
        authority = CertificateAuthority.create(folder / "authority", "benchmark", SystemClock())
        key = generate_key()
        certificate = authority.issue_client(key.public_key(), "c-1", timedelta(days=1))
        (self.state / "authority.pem").write_bytes(authority.certificate_pem)
        chain = certificate.public_bytes(Encoding.PEM) + authority.certificate_pem
        self.identity = LocalIdentity(
            identity_of(certificate), key_to_pem(key), chain, authority.certificate_pem
        )
        self.owner = Owner("benchmark", "c-1", self.identity.key_sha256)


@contextmanager
def running(device: Device, model: str) -> Iterator[dict[str, str]]:
    """Starts the service and gives its endpoints."""
    file = device.state / "endpoints.json"
    command = [sys.executable, "-m", "benchmarks.retrieval_service", str(device.state), model]
    # As `pfi-rag serve` sets them for itself, before it imports gRPC.
    environment = {**DIRECT_WAITING, **os.environ}
    with subprocess.Popen(command, cwd=REPOSITORY, env=environment) as process:
        try:
            ends = time.monotonic() + START_SECONDS
            while not file.exists():
                if process.poll() is not None or time.monotonic() > ends:
                    raise RuntimeError("the retrieval service did not start")
                time.sleep(0.05)
            found = json.loads(file.read_text())
            yield found | {"authority": Path(found["certificate"]).read_text()}
        finally:
            file.unlink(missing_ok=True)
            process.send_signal(signal.SIGTERM)


@asynccontextmanager
async def linked(device: Device, endpoints: dict[str, str]) -> AsyncIterator[RetrievalLink]:
    """Opens the channel that an agent would open."""
    authority = endpoints["authority"].encode()
    async with secure_channel(endpoints["rpc"], device.identity, authority) as channel:
        yield RetrievalLink(channel)
