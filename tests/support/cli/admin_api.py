"""A scripted admin API for tests of the client: answers by method and path, and remembers calls."""

import json
from pathlib import Path
from typing import Any

import httpx

from pfi_cli.api.client import ApiClient
from pfi_cli.api.connection import Connection

CONNECTION = Connection("https://127.0.0.1:1", Path("authority.pem"), "pfk_1_secret")


class ScriptedApi:
    """Answers requests; use `client` to call it."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], list[httpx.Response | httpx.TransportError]] = {}
        self.requests: list[httpx.Request] = []

    def on(
        self, method: str, path: str, body: Any = None, status: int = 200, **options: Any
    ) -> None:
        """Adds an answer; the last one added for a path is given again and again."""
        content = {} if "content" in options else {"json": body}
        answer = httpx.Response(status, **content, **options)
        self.answers.setdefault((method, path), []).append(answer)

    def fail(self, method: str, path: str, error: httpx.TransportError) -> None:
        """Adds a failure of the network."""
        self.answers.setdefault((method, path), []).append(error)

    def client(self) -> ApiClient:
        """A client of this API."""
        return ApiClient(CONNECTION, transport=httpx.MockTransport(self._handle))

    def bodies(self) -> list[Any]:
        """Decoded JSON bodies of all requests."""
        return [json.loads(request.content) for request in self.requests if request.content]

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        scripted = self.answers[request.method, request.url.path]
        answer = scripted.pop(0) if len(scripted) > 1 else scripted[0]
        if isinstance(answer, httpx.TransportError):
            raise answer
        return answer
