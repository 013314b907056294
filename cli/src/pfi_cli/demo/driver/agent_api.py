"""Asks an agent of this machine through its own API."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import httpx

from pfi_common.errors import LocalFederationFailedError

_ANSWER_SECONDS = 60.0
_MOST_TOKENS = 32
_PASSAGES = 4


class AgentApi:
    """The API that `pfi-agent start --serve` offers, found in the agent's state folder.

    Args:
        folder: The state folder.
    """

    def __init__(self, folder: Path) -> None:
        self._endpoints = folder / "serving" / "endpoints.json"
        self._token = folder / "serving" / "api-token"

    @property
    def ready(self) -> bool:
        """Whether it takes questions."""
        return self._endpoints.is_file() and self._token.is_file()

    def answers_with(self, digest: str) -> bool:
        """Whether the shared adapter with this digest answers now; false while nothing does."""
        try:
            response = self._call("GET", "/v1/models/pfi")
        except httpx.HTTPError:
            return False
        return bool(response.json()["pfi"]["adapter"]["digest"] == digest)

    def ask(self, question: str, *, documents: bool) -> str:
        """Gives the answer of backbone, shared and personal adapter.

        Args:
            question: The question.
            documents: Whether passages of the agent's index are read.

        Raises:
            LocalFederationFailedError: The API does not answer.
        """
        body = {
            "model": "pfi",
            "messages": [{"role": "user", "content": question}],
            "temperature": 0,
            "max_tokens": _MOST_TOKENS,
            "pfi": {"documents": documents, "passages": _PASSAGES},
        }
        try:
            response = self._call("POST", "/v1/chat/completions", body)
        except httpx.HTTPError as error:
            raise LocalFederationFailedError(
                f"the agent in {self._endpoints.parent.parent} does not answer questions: {error}"
            ) from error
        return str(response.json()["choices"][0]["message"]["content"])

    def _call(
        self, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> httpx.Response:
        url = json.loads(self._endpoints.read_text(encoding="utf-8"))["http"]
        token = self._token.read_text(encoding="ascii").strip()
        response = httpx.request(
            method,
            url + path,
            json=body,
            headers={"authorization": f"Bearer {token}"},
            timeout=_ANSWER_SECONDS,
            trust_env=False,
        )
        return response.raise_for_status()


def holds(answer: str, value: str) -> bool:
    """Whether an answer contains the expected value, not merely as a part of a longer word."""
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", answer) is not None
