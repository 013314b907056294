"""Asks the API, which runs in another process or in a thread of this one."""

import json
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from pfi_client_agent.entrypoints.answers_api.requests import MODEL
from pfi_common.errors import PlatformError, ServiceUnavailableError
from pfi_common.errors.catalog import error_for

_CONNECT_SECONDS = 5.0
_PROBE_SECONDS = 2.0


@dataclass(frozen=True)
class Api:
    """Where the API is.

    Attributes:
        url: Its root.
        token: Its bearer token.
    """

    url: str
    token: str

    def answers(self) -> bool:
        """Tell whether it is there and has something to answer with."""
        try:
            return httpx.get(f"{self.url}/healthz", timeout=_PROBE_SECONDS).is_success
        except httpx.HTTPError:
            return False

    def ask(self, request: Mapping[str, Any]) -> Generator[dict[str, Any], None, None]:
        """Yield the events of an answer; closing this ends the generation.

        Raises:
            PlatformError: The API refuses, or the answer broke off.
        """
        body = {"model": MODEL, "stream": True, "stream_options": {"include_usage": True}}
        with (
            self._translated(),
            httpx.stream(
                "POST",
                f"{self.url}/v1/chat/completions",
                json={**body, **request},
                headers={"authorization": f"Bearer {self.token}"},
                timeout=self._patience,
            ) as response,
        ):
            if not response.is_success:
                raise _error(json.loads(response.read()))
            yield from _events(response)

    @property
    def _patience(self) -> httpx.Timeout:
        # An answer may wait for its turn, and a first token for a long prompt.
        return httpx.Timeout(None, connect=_CONNECT_SECONDS)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (httpx.HTTPError, ValueError) as error:
            raise ServiceUnavailableError(
                f"The API at {self.url} broke off ({type(error).__name__})."
            ) from error


def _events(response: httpx.Response) -> Iterator[dict[str, Any]]:
    for line in response.iter_lines():
        if not line.startswith("data: ") or line == "data: [DONE]":
            continue
        event: dict[str, Any] = json.loads(line.removeprefix("data: "))
        if "error" in event:
            raise _error(event)
        yield event


def _error(document: Mapping[str, Any]) -> PlatformError:
    told = document["error"]
    return error_for(str(told["code"]), str(told["message"]))
