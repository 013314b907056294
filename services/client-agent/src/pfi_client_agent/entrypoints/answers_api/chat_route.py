"""`POST /v1/chat/completions`."""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from pfi_client_agent.application.serving.answers import Answers
from pfi_client_agent.application.serving.observer import ServingObserver
from pfi_client_agent.domain.answering import Answered
from pfi_client_agent.entrypoints.answers_api.disconnection import (
    ClientGoneError,
    until_disconnected,
)
from pfi_client_agent.entrypoints.answers_api.requests import MODEL, ChatRequest
from pfi_client_agent.entrypoints.answers_api.responses import Completion, error_document, event
from pfi_common.clock import Clock
from pfi_common.errors import AdapterUnknownError, InternalError, PlatformError

_CLIENT_CLOSED = 499
Pieces = AsyncGenerator[str | Answered, None]


@dataclass(frozen=True)
class ChatRoute:
    """Answers conversations.

    Attributes:
        answers: Gives the answers.
        clock: The time.
        observer: Is told of answers.
    """

    answers: Answers
    clock: Clock
    observer: ServingObserver

    async def __call__(self, request: Request, body: ChatRequest) -> Response:
        """Answer, whole or as a stream."""
        require_model(body.model)
        completion = Completion.begin(body, int(self.clock.now().timestamp()))
        pieces = self._observed(self.answers.answer(body.turns(), body.wishes()))
        try:
            if body.stream:
                # While there is no first piece, an error can still have its status.
                first = await until_disconnected(request.receive, anext(pieces))
                return EventStream(completion, first, pieces)
            return await until_disconnected(request.receive, _whole(completion, pieces))
        except ClientGoneError:
            await pieces.aclose()
            return Response(status_code=_CLIENT_CLOSED)

    async def _observed(self, pieces: Pieces) -> Pieces:
        started = time.monotonic()
        try:
            async with aclosing(pieces):
                async for item in pieces:
                    if isinstance(item, Answered):
                        tokens = item.ending.completion_tokens
                        seconds = time.monotonic() - started
                        self.observer.answered(item.adapter, tokens, seconds)
                    yield item
        except PlatformError as error:
            self.observer.answer_failed(error)
            raise


class EventStream(Response):
    """An answer as server-sent events; it ends the generation when the client goes away.

    Args:
        completion: Writes the events.
        first: The first piece.
        pieces: The others.
    """

    def __init__(self, completion: Completion, first: str | Answered, pieces: Pieces) -> None:
        super().__init__(media_type="text/event-stream", headers={"cache-control": "no-store"})
        del self.headers["content-length"]
        self._completion = completion
        self._first = first
        self._pieces = pieces

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send everything."""
        try:
            async with aclosing(self._pieces):
                await until_disconnected(receive, self._send_all(send))
        except ClientGoneError:
            return

    async def _send_all(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        await _send_body(send, self._completion.first() + self._written(self._first))
        try:
            async for item in self._pieces:
                await _send_body(send, self._written(item))
        except PlatformError as error:
            await _send_body(send, event(error_document(error)))
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _written(self, item: str | Answered) -> bytes:
        if isinstance(item, Answered):
            return self._completion.last(item)
        return self._completion.piece(item)


def require_model(model: str) -> None:
    """Check that a request means the one model that there is.

    Raises:
        AdapterUnknownError: It names another one.
    """
    if model != MODEL:
        raise AdapterUnknownError(
            f"This device has no model of that name; its only one is `{MODEL}`.", field="model"
        )


async def _whole(completion: Completion, pieces: Pieces) -> JSONResponse:
    text: list[str] = []
    async with aclosing(pieces):
        async for item in pieces:
            if isinstance(item, Answered):
                return JSONResponse(completion.whole("".join(text), item))
            text.append(item)
    raise InternalError("The answer ended without an end.")


async def _send_body(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})
