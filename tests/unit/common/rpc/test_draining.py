import asyncio
import gc
import weakref

import grpc
import pytest

from pfi_common.rpc.draining import RequestStream


class Message:
    """One that can be referred to weakly."""


class Call:
    """A call from which a test's messages are read, then the end.

    Attributes:
        reads: How often it was read.
    """

    def __init__(self, *messages: object) -> None:
        self.reads = 0
        self._messages = [*messages, grpc.aio.EOF]

    async def read(self) -> object:
        self.reads += 1
        message = self._messages.pop(0)
        if isinstance(message, Exception):
            raise message
        return message


async def test_messages_come_in_order_until_the_end():
    call = Call("a", "b")
    stream = RequestStream(call.read, 1.0)
    assert [message async for message in stream] == ["a", "b"]
    assert [message async for message in stream] == []
    assert call.reads == 3


async def test_a_message_is_not_kept_until_the_next():
    message = Message()
    kept = weakref.ref(message)
    stream = RequestStream(Call(message).read, 1.0)
    del message
    await anext(stream)
    gc.collect()
    assert kept() is None


async def test_a_call_that_failed_is_not_read_again():
    call = Call(OSError("gone"), "late")
    stream = RequestStream(call.read, 1.0)
    with pytest.raises(OSError, match="gone"):
        await anext(stream)
    await stream.drain()
    assert call.reads == 1


async def test_draining_reads_the_rest():
    call = Call("a", "b", "c")
    stream = RequestStream(call.read, 60.0)
    await anext(stream)
    await stream.drain()
    assert call.reads == 4


async def test_draining_ends_although_the_client_is_silent():
    reading = asyncio.Event()

    async def silent() -> object:
        reading.set()
        return await asyncio.get_running_loop().create_future()

    await asyncio.wait_for(RequestStream(silent, 0.01).drain(), 60)
    assert reading.is_set()
