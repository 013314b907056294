"""An agent's API that gives one answer, found as a real one is."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any


class AnsweringAgent:
    """Answers on loopback while the block runs, and keeps what it was asked.

    Attributes:
        adapter: Digest of the adapter that it says it answers with; None for none.
    """

    def __init__(self, folder: Path, answer: str) -> None:
        self.adapter: str | None = None
        self.requests: list[dict[str, Any]] = []
        self.tokens: list[str | None] = []
        self._folder = folder / "serving"
        self._server = HTTPServer(("127.0.0.1", 0), self._handler(answer))
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> "AnsweringAgent":
        self._folder.mkdir(parents=True)
        (self._folder / "api-token").write_text("secret")
        url = f"http://127.0.0.1:{self._server.server_port}"
        (self._folder / "endpoints.json").write_text(json.dumps({"http": url}))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self, answer: str) -> type[BaseHTTPRequestHandler]:
        agent = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                agent.tokens.append(self.headers["authorization"])
                self._write({"pfi": {"adapter": {"digest": agent.adapter}}})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                agent.requests.append(json.loads(body))
                agent.tokens.append(self.headers["authorization"])
                self._write({"choices": [{"message": {"content": answer}}]})

            def _write(self, document: dict[str, Any]) -> None:
                written = json.dumps(document).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(written)))
                self.end_headers()
                self.wfile.write(written)

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        return Handler
