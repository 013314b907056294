"""The HTTP server that a process runs in its own event loop."""

import asyncio
import socket

import httpx
import pytest
from starlette.responses import PlainTextResponse

from pfi_common.errors import SettingsInvalidError
from pfi_common.rest.embedded_server import EmbeddedServer

pytestmark = pytest.mark.integration

app = PlainTextResponse("an answer")


@pytest.fixture
def server():
    server = EmbeddedServer("127.0.0.1:0")
    yield server
    server.close()


def test_answers_do_not_wait_for_acknowledgements(server):
    """A connection has what its listening socket has; asyncio sets nothing on such a socket."""
    with socket.create_connection(("127.0.0.1", server.port)):
        accepted, _ = server._socket.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_without_certificates_it_answers_over_plain_http_until_it_is_stopped(server):
    serving = asyncio.create_task(server.serve(app))
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"http://{server.host}:{server.port}/")
        assert answer.text == "an answer"
    finally:
        server.stop()
        await asyncio.wait_for(serving, 60)


async def test_what_was_stopped_before_it_served_ends_at_once(server):
    server.stop()
    await asyncio.wait_for(server.serve(app), 60)


def test_no_host_is_this_device_alone():
    server = EmbeddedServer(":0")
    try:
        assert server.host == "127.0.0.1"
    finally:
        server.close()


def test_a_port_that_is_taken_is_told(server):
    taken = f"127.0.0.1:{server.port}"
    with pytest.raises(SettingsInvalidError, match=f"cannot listen on {taken}: .*in use"):
        EmbeddedServer(taken)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.1:http", ""])
def test_an_address_that_is_none_is_told(address):
    with pytest.raises(SettingsInvalidError, match="not of the form host:port"):
        EmbeddedServer(address)
