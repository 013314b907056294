"""Gives answers: looks up passages, waits for its turn, generates, and says what went into it."""

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from pfi_client_agent.adapters.answering_thread import AnsweringThread
from pfi_client_agent.application.ports import AnswerEngine
from pfi_client_agent.application.serving.retrieval import Found, Retrieval
from pfi_client_agent.application.serving.state import ServingState
from pfi_client_agent.application.serving.turns import Turns
from pfi_client_agent.domain.answering import Answered, ChatMessage, Ending, Prompt, Wishes
from pfi_client_agent.domain.serving import AdapterSet
from pfi_common.errors import InvalidRequestError


@dataclass(frozen=True)
class Answers:
    """Answers requests, one at a time.

    Attributes:
        thread: The engine's thread.
        state: What answers.
        retrieval: The user's documents.
        turns: Whose turn it is.
    """

    thread: AnsweringThread
    state: ServingState
    retrieval: Retrieval
    turns: Turns

    async def answer(
        self, messages: Sequence[ChatMessage], wishes: Wishes
    ) -> AsyncGenerator[str | Answered, None]:
        """Yield the answer piece by piece, then what went into it.

        Every piece is of the adapters that answered when it began; one that is published in the
        meantime answers the next request.

        Raises:
            PlatformError: The request cannot be answered, now or at all.
        """
        _require_question(messages)
        found = Found()
        if wishes.documents:
            found = await self.retrieval.find(messages[-1].content, wishes.passages)
        generating = _Generating(self.state, Prompt(messages, found.passages), wishes)
        async with (
            self.turns.turn(),
            aclosing(self.thread.stream(generating.pieces)) as pieces,
        ):
            async for adapters, item in pieces:
                yield self._answered(found, wishes, adapters, item)

    def _answered(
        self, found: Found, wishes: Wishes, adapters: AdapterSet, item: str | Ending
    ) -> str | Answered:
        if isinstance(item, str):
            return item
        refusal = self.state.refusal
        return Answered(
            ending=item,
            citations=found.passages[: item.passages],
            retrieval=found.document(item.passages),
            adapter={
                **adapters.document(personal=wishes.personal),
                "refused": None if refusal is None else refusal.document(),
            },
        )


@dataclass(frozen=True)
class _Generating:
    """The part that runs in the engine's thread."""

    state: ServingState
    prompt: Prompt
    wishes: Wishes

    def pieces(
        self, engine: AnswerEngine, cancelled: Callable[[], bool]
    ) -> Iterator[tuple[AdapterSet, str | Ending]]:
        adapters = self.state.prepare(engine, personal=self.wishes.personal)
        for item in engine.answer(self.prompt, self.wishes.sampling, cancelled):
            yield adapters, item


def _require_question(messages: Sequence[ChatMessage]) -> None:
    if not messages or messages[-1].role != "user" or not messages[-1].content.strip():
        raise InvalidRequestError(
            "messages: the last message must be the user's and hold a question.", field="messages"
        )
