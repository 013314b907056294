"""Tries to read another client's index, as a client that has nothing but its own certificate."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import grpc

from pfi.rag.v1.retrieval_service_pb2 import SearchPassagesRequest
from pfi.rag.v1.retrieval_service_pb2_grpc import RetrievalServiceStub
from pfi_common.identity import LocalIdentity, load_identity
from pfi_common.rpc.channel import secure_channel
from pfi_common.rpc.policy import Deadline

_REFUSALS = {grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED}


def foreign_passages(searcher: Path, owner: Path, queries: Sequence[str]) -> int:
    """Counts the passages that an index service gives to a certificate of another client.

    Args:
        searcher: State folder of the client whose certificate is shown.
        owner: State folder of the client whose index service runs.
        queries: What is searched for.

    Raises:
        grpc.RpcError: The service fails in another way than by refusing.
    """
    endpoints = json.loads((owner / "rag" / "endpoints.json").read_text(encoding="utf-8"))
    certificate = Path(endpoints["certificate"]).read_bytes()
    identity = load_identity(searcher / "identity")
    return asyncio.run(_search(str(endpoints["rpc"]), identity, certificate, queries))


async def _search(
    address: str, identity: LocalIdentity, certificate: bytes, queries: Sequence[str]
) -> int:
    async with secure_channel(address, identity, certificate) as channel:
        stub = RetrievalServiceStub(channel)
        return sum([await _passages(stub, query) for query in queries])


async def _passages(stub: RetrievalServiceStub, query: str) -> int:
    try:
        response = await stub.SearchPassages(
            SearchPassagesRequest(query=query), timeout=Deadline.SHORT.value
        )
    except grpc.aio.AioRpcError as error:
        if error.code() in _REFUSALS:
            return 0
        raise
    return len(response.passages)
