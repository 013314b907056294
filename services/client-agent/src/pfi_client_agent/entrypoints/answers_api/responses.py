"""What the API answers, in OpenAI's shape, with the object `pfi` beside it."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pfi_client_agent.domain.answering import Answered, Citation
from pfi_client_agent.entrypoints.answers_api.requests import MODEL, ChatRequest
from pfi_common.errors import ApiKeyInvalidError, PlatformError
from pfi_common.errors.problems import http_status

_TYPES = {401: "authentication_error", 403: "permission_error", 404: "not_found_error"}
_SERVER_FAULT = 500
DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True)
class Completion:
    """Writes one answer.

    Attributes:
        request: What was asked.
        created: When, in seconds since 1970.
        name: Id of the answer.
    """

    request: ChatRequest
    created: int
    name: str

    @classmethod
    def begin(cls, request: ChatRequest, created: int) -> "Completion":
        """Begin an answer."""
        return cls(request, created, f"chatcmpl-{secrets.token_hex(12)}")

    def whole(self, text: str, answered: Answered) -> dict[str, Any]:
        """Write an answer that is not streamed."""
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": text, "refusal": None},
            "logprobs": None,
            "finish_reason": answered.ending.reason,
        }
        return {
            **self._head("chat.completion"),
            "choices": [choice],
            "usage": usage(answered),
            "pfi": self._extension(answered),
        }

    def first(self) -> bytes:
        """Write the event that begins a stream."""
        return self._event({"role": "assistant", "content": ""})

    def piece(self, text: str) -> bytes:
        """Write the next piece."""
        return self._event({"content": text})

    def last(self, answered: Answered) -> bytes:
        """Write the events that end a stream."""
        extension = {"pfi": self._extension(answered)}
        options = self.request.stream_options
        if options is None or not options.include_usage:
            return self._event({}, answered.ending.reason, extension) + DONE
        summary = {**self._head("chat.completion.chunk"), "choices": [], "usage": usage(answered)}
        return self._event({}, answered.ending.reason) + event(summary | extension) + DONE

    def _event(
        self,
        delta: Mapping[str, str],
        finish_reason: str | None = None,
        extension: Mapping[str, Any] | None = None,
    ) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        head = self._head("chat.completion.chunk")
        return event({**head, "choices": [choice], **(extension or {})})

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.name, "object": kind, "created": self.created, "model": MODEL}

    def _extension(self, answered: Answered) -> dict[str, Any]:
        texts = self.request.pfi.passage_text
        return {
            "citations": [_citation(each, with_text=texts) for each in answered.citations],
            "retrieval": dict(answered.retrieval),
            "adapter": dict(answered.adapter),
        }


def event(document: Mapping[str, Any]) -> bytes:
    """Write a server-sent event."""
    return b"data: " + json.dumps(document).encode() + b"\n\n"


def usage(answered: Answered) -> dict[str, int]:
    """Count tokens."""
    ending = answered.ending
    return {
        "prompt_tokens": ending.prompt_tokens,
        "completion_tokens": ending.completion_tokens,
        "total_tokens": ending.prompt_tokens + ending.completion_tokens,
    }


def error_document(error: PlatformError, status: int | None = None) -> dict[str, Any]:
    """Write an error in OpenAI's shape; `code` is the reason of PFI's catalog."""
    status = status or http_status(error)
    kind = "server_error" if status >= _SERVER_FAULT else "invalid_request_error"
    next_step = error.next_step
    if isinstance(error, ApiKeyInvalidError):
        next_step = "Send `Authorization: Bearer <token>` with what `pfi-agent api-token` prints."
    return {
        "error": {
            "message": error.message,
            "type": _TYPES.get(status, kind),
            "param": error.details.get("field"),
            "code": error.reason,
            "pfi": {
                "next_step": next_step,
                "retryable": error.retryable,
                "retry_after_seconds": error.retry_after_seconds,
            },
        }
    }


def _citation(citation: Citation, *, with_text: bool) -> dict[str, Any]:
    document: dict[str, Any] = {
        "document": citation.document,
        "name": citation.name,
        "headings": list(citation.headings),
        "position": citation.position,
        "first_line": citation.first_line,
        "last_line": citation.last_line,
        "score": citation.score,
    }
    return document | ({"text": citation.text} if with_text else {})
