"""Clients that send one upload each, at the same time.

`python -m benchmarks.intake.sender FOLDER` reads `FOLDER/uploads.json` and prints the seconds from
the first message, with all connections open, to the last answer.
"""

import asyncio
import base64
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

from pfi.aggregator.v1 import update_service_pb2 as updates
from pfi.aggregator.v1.update_service_pb2_grpc import UpdateServiceStub
from pfi_common.identity import load_identity
from pfi_common.rpc.channel import secure_channel
from pfi_common.rpc.chunks import iter_chunks

LIMIT_SECONDS = 300.0


async def _messages(header: bytes, payload: bytes) -> AsyncIterator[updates.UploadUpdateRequest]:
    yield updates.UploadUpdateRequest(header=updates.UpdateHeader.FromString(header))
    for chunk in iter_chunks(memoryview(payload)):
        yield updates.UploadUpdateRequest(chunk=chunk)


async def send(folder: Path) -> float:
    """Sends what the file describes and gives the seconds."""
    asked = json.loads((folder / "uploads.json").read_text())
    payload = (folder / asked["payload"]).read_bytes()
    async with AsyncExitStack() as stack:
        stubs = []
        for upload in asked["uploads"]:
            identity = load_identity(folder / upload["client"])
            channel = await stack.enter_async_context(secure_channel(asked["target"], identity))
            await channel.channel_ready()
            stubs.append((UpdateServiceStub(channel), base64.b64decode(upload["header"])))
        begun = time.perf_counter()
        calls = [
            stub.UploadUpdate(_messages(header, payload), timeout=LIMIT_SECONDS)
            for stub, header in stubs
        ]
        await asyncio.gather(*calls)
        return time.perf_counter() - begun


if __name__ == "__main__":
    print(json.dumps(asyncio.run(send(Path(sys.argv[1])))))
