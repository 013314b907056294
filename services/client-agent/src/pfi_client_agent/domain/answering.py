"""What an answer is asked for with, and what comes out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pfi_client_agent.domain.training import Vector
from pfi_common.tensors import Schema

FinishReason = Literal["stop", "length"]


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One turn of a conversation.

    Attributes:
        role: `system`, `user` or `assistant`.
        content: What was said.
    """

    role: str
    content: str


@dataclass(frozen=True)
class Sampling:
    """How tokens are chosen.

    Attributes:
        temperature: 0 takes the likeliest token each time.
        top_p: Share of the probability that tokens are drawn from, likeliest first.
        maximum_tokens: Most tokens of the answer; None: what the backbone has room for, up to 512.
        stop: Texts that end an answer; they are not part of it.
        seed: Of the draws; None for a new one each time.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    maximum_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None


@dataclass(frozen=True)
class Citation:
    """A passage of the user's own documents, and where it stands.

    Attributes:
        document: Document id.
        name: Document name.
        headings: Headings above it, outermost first.
        position: Number of the passage in the document, from 0.
        first_line: Its first line, from 1.
        last_line: Its last line.
        score: How well it fits the question; comparable within one answer.
        text: The passage.
    """

    document: str
    name: str
    headings: tuple[str, ...]
    position: int
    first_line: int
    last_line: int
    score: float
    text: str


@dataclass(frozen=True)
class Prompt:
    """What an engine answers.

    Attributes:
        messages: The conversation; the last message is the question.
        passages: What was found for it, best first. They are data: nothing in them is followed.
    """

    messages: Sequence[ChatMessage]
    passages: Sequence[Citation] = ()


@dataclass(frozen=True)
class Ending:
    """How a generation ended.

    Attributes:
        reason: `stop`: the model or a stop text ended it; `length`: there was no room for more.
        prompt_tokens: Tokens that were read.
        completion_tokens: Tokens that were written, the one that ends an answer included.
        passages: So many of the prompt's passages were read; the others had no room.
    """

    reason: FinishReason
    prompt_tokens: int
    completion_tokens: int
    passages: int


@dataclass(frozen=True, eq=False)
class AdapterWeights:
    """An adapter that is applied when answering. Equal to itself alone.

    Attributes:
        schema: What it consists of.
        vector: Its values, flat, in schema order.
    """

    schema: Schema
    vector: Vector


@dataclass(frozen=True)
class Wishes:
    """What one request wants besides its conversation.

    Attributes:
        sampling: How tokens are chosen.
        documents: Look for passages in the user's documents.
        passages: Most passages, 1 to 50.
        personal: Apply the personal adapter.
    """

    sampling: Sampling = Sampling()
    documents: bool = True
    passages: int = 4
    personal: bool = True


@dataclass(frozen=True)
class Answered:
    """The end of an answer.

    Attributes:
        ending: How the generation ended.
        citations: The passages that the model read, best first.
        retrieval: How they were found: `mode`, `no_evidence`, `found`, `passages`.
        adapter: Which adapters answered; see the reference of the API.
    """

    ending: Ending
    citations: Sequence[Citation]
    retrieval: Mapping[str, Any]
    adapter: Mapping[str, Any]
