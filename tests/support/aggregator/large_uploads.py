"""Updates of several blocks, sent in chunks, whole or not."""

import asyncio

import numpy as np
import pytest
from tests.support.aggregator.builders import (
    KEY_SHA256,
    make_plan,
    make_schema,
    make_upload,
    with_ticket,
)
from tests.support.aggregator.use_cases import UseCases, cut

from pfi_aggregator.domain.ticket import Caller
from pfi_aggregator.wire.updates import read_header
from pfi_common.tensors import FP32, accumulate, decode

SCHEMA = make_schema(inputs=60_000, outputs=40_000)  # three blocks and a short one
PLAN = make_plan(schema=SCHEMA)
CHUNK_BYTES = 100_000
SUMS_BYTES = 1 << 24


def upload_of(client: int, encoding=FP32, plan=PLAN):
    return make_upload(plan, f"c-{client:012}", seed=client, examples=client + 1, encoding=encoding)


async def start(plan=PLAN) -> UseCases:
    world = UseCases(fold_ahead_bytes=SUMS_BYTES)
    await world.start(plan)
    return world


async def send(world, upload, chunks, offset=0):
    header = with_ticket(upload)
    header.offset_bytes = offset
    caller = Caller(upload.ticket.client, KEY_SHA256)
    return await world.receive.run(caller, read_header(header), chunks)


async def breaking(upload, after_bytes, offset=0):
    """Chunks that end early."""
    async for chunk in cut(upload.payload[:after_bytes], CHUNK_BYTES, offset):
        yield chunk
    raise ConnectionResetError


async def break_off(world, upload, after_bytes, offset=0):
    with pytest.raises(ConnectionResetError):
        await send(world, upload, breaking(upload, after_bytes, offset), offset)


def expected_sums(uploads, plan=PLAN):
    sums = np.zeros(plan.schema.coordinate_count, np.int64)
    for upload in uploads:
        values = decode(upload.header.encoding, upload.payload, sums.size)
        weight = upload.header.example_count * 256
        accumulate(sums, values, 1 << 24, weight, plan.fixed_point.fraction_bits)
    return sums


class Stalling:
    """Chunks of which the last ones wait."""

    def __init__(self, upload, after_bytes: int) -> None:
        self._upload, self._after_bytes = upload, after_bytes
        self.stalls, self.go_on = asyncio.Event(), asyncio.Event()

    async def chunks(self):
        async for chunk in cut(self._upload.payload, CHUNK_BYTES):
            if chunk.offset_bytes >= self._after_bytes and not self.go_on.is_set():
                self.stalls.set()
                await self.go_on.wait()
            yield chunk
