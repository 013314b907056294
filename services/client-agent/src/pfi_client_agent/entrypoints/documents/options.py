"""What the commands share: options, and the way to the index."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from pfi.rag.v1.retrieval_service_pb2 import Document
from pfi_client_agent.adapters.log_observer import LogObserver
from pfi_client_agent.adapters.rag_sidecar import open_retrieval
from pfi_client_agent.adapters.retrieval_link import RetrievalLink
from pfi_client_agent.adapters.state_folder import StateFolder
from pfi_client_agent.application.membership import Membership
from pfi_client_agent.entrypoints.options import state_folder
from pfi_common.clock import SystemClock
from pfi_common.errors import DocumentUnknownError, IdentityInvalidError, PlatformError
from pfi_common.identity import LocalIdentity, load_identity
from pfi_common.rpc.channel import secure_channel

R = TypeVar("R")

RagOption = Annotated[
    str | None,
    typer.Option(
        "--rag",
        metavar="HOST:PORT",
        help="Index service that already runs. Default: this device's own, which is started and "
        "stopped as it is needed.",
        show_default=False,
    ),
]
RagCertificateOption = Annotated[
    Path | None,
    typer.Option(
        "--rag-certificate",
        help="What the service of --rag is verified against: identity/authority.pem in its folder.",
        show_default=False,
    ),
]


@dataclass(frozen=True)
class Reach:
    """How the index is reached.

    Attributes:
        state: The agent's state folder, if one was named.
        address: host:port of a service that somebody else runs.
        certificate: What it is verified against.
    """

    state: Path | None
    address: str | None
    certificate: Path | None

    @asynccontextmanager
    async def link(self) -> AsyncIterator[RetrievalLink]:
        """Open a link for the length of the block.

        Raises:
            NotEnrolledError: This device has no identity, which every index belongs to.
            IdentityInvalidError: Its certificate has expired and cannot be renewed.
            RetrievalUnavailableError: The service cannot be started or reached.
        """
        folder = state_folder(self.state)
        identity = await valid_identity(folder)
        async with open_retrieval(folder, identity, self.address, self.certificate) as link:
            yield link

    def run(self, work: Callable[[RetrievalLink], Awaitable[R]]) -> R:
        """Do something over a link.

        Raises:
            PlatformError: See `link`, and what the work raises.
        """

        async def linked() -> R:
            async with self.link() as link:
                return await work(link)

        return asyncio.run(linked())


async def valid_identity(folder: StateFolder) -> LocalIdentity:
    """Load this device's identity, and renew its certificate if it has expired.

    A running agent renews it long before; without one it lasts a day.

    Raises:
        NotEnrolledError: There is none.
        IdentityInvalidError: It has expired and the federation does not answer, or refuses.
    """
    identity = load_identity(folder.identity)
    if SystemClock().now() <= identity.expires_at:
        return identity
    try:
        with folder.locked():
            membership = Membership(folder, SystemClock(), secure_channel, LogObserver())
            await membership.ensure_valid()
            return membership.identity
    except PlatformError as error:
        raise IdentityInvalidError(
            f"This device's certificate expired on {identity.expires_at:%Y-%m-%d %H:%M} UTC, and "
            f"the index takes no expired one. Renewing it failed: {error.message}"
        ) from error


def resolve(named: str, documents: list[Document]) -> Document:
    """Find the document that a person means by its name or id.

    Raises:
        DocumentUnknownError: There is none; names one that is alike.
    """
    for document in documents:
        if named in (document.name, document.document):
            return document
    alike = [item.name for item in documents if item.name.endswith(f"/{named}")]
    hint = f" Did you mean {alike[0]}?" if alike else ""
    raise DocumentUnknownError(f"There is no document {named} in your index.{hint}")
