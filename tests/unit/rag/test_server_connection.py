"""How a Qdrant server is reached, and how its failures are told."""

import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from tests.support.rag.documents import make_owner

from pfi_common.errors import SettingsInvalidError, StoreUnavailableError
from pfi_rag.adapters.server import ServerAddress, ServerStoreFactory, connect


class _Refusing(BaseHTTPRequestHandler):
    status = 401
    keys: list[str | None]

    def do_GET(self) -> None:
        type(self).keys.append(self.headers.get("api-key"))
        self.send_response(self.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[tuple[str, type[_Refusing]]]:
    handler = type("Handler", (_Refusing,), {"keys": []})
    serving = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{serving.server_port}", handler
    serving.shutdown()
    thread.join()
    serving.server_close()


@pytest.mark.parametrize("url", ["", "qdrant:6333", "ftp://host", "http://", "/path"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(SettingsInvalidError, match="PFI_RAG_SERVER_URL"):
        connect(ServerAddress(url))


@pytest.mark.parametrize("host", ["qdrant.example", "10.0.0.1", "127.0.0.1.example"])
def test_documents_do_not_cross_a_network_in_the_clear(host: str) -> None:
    with pytest.raises(SettingsInvalidError, match="https"):
        connect(ServerAddress(f"http://{host}:6333"))


def test_an_authority_that_is_none_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "authority.pem"
    file.write_text("no certificate")
    for path in (file, tmp_path / "absent.pem"):
        with pytest.raises(SettingsInvalidError, match="PFI_RAG_SERVER_AUTHORITY"):
            connect(ServerAddress("https://qdrant.example:6333", authority=path))


def test_the_key_is_sent_and_its_refusal_is_told(server: tuple[str, type[_Refusing]]) -> None:
    url, handler = server
    with (
        closing(connect(ServerAddress(url, api_key="secret-key"))) as client,
        pytest.raises(SettingsInvalidError, match="PFI_RAG_SERVER_API_KEY"),
    ):
        ServerStoreFactory(client, "passages", None).open(make_owner())
    assert handler.keys == ["secret-key"]


def test_a_failure_is_worth_another_try(server: tuple[str, type[_Refusing]]) -> None:
    url, handler = server
    handler.status = 500
    with closing(connect(ServerAddress(url))) as client, pytest.raises(StoreUnavailableError):
        ServerStoreFactory(client, "passages", None).open(make_owner())


def test_a_server_that_is_not_there_is_told(server: tuple[str, type[_Refusing]]) -> None:
    with (
        closing(connect(ServerAddress("http://127.0.0.1:1"))) as client,
        pytest.raises(StoreUnavailableError),
    ):
        ServerStoreFactory(client, "passages", None).open(make_owner())


def test_the_key_is_not_shown() -> None:
    assert "secret-key" not in repr(ServerAddress("https://h", api_key="secret-key"))
