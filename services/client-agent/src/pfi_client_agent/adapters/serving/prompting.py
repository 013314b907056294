"""Writes a conversation and its passages as token ids, within what the backbone can read."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import TemplateError
from transformers import PreTrainedTokenizerBase

from pfi_client_agent.domain.answering import ChatMessage, Citation, Prompt, Sampling
from pfi_client_agent.domain.quoting import as_block, as_system_lines
from pfi_common.errors import ChatTemplateMissingError, InvalidRequestError, PromptTooLongError

DEFAULT_TOKENS = 512
"""Most tokens of an answer whose length nobody limits."""

_MARK_BYTES = 8


class PromptWriter:
    """Writes prompts for one backbone.

    Args:
        tokenizer: Its tokenizer.
        positions: Tokens that it can read and write together.
        system_lines: True: passages go into the system message, as the backbone was trained.
    """

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, positions: int, *, system_lines: bool
    ) -> None:
        self._tokenizer = tokenizer
        self._positions = positions
        self._system_lines = system_lines
        self._reserved = frozenset(map(str, tokenizer.all_special_tokens))

    def write(self, prompt: Prompt, sampling: Sampling) -> tuple[list[int], int, int]:
        """Give the token ids, how many passages are in them, and how long the answer may be.

        Passages that leave too little room for an answer are left out, the worst first.

        Raises:
            PromptTooLongError: The conversation alone leaves no room.
            ChatTemplateMissingError: The backbone has no chat template.
            InvalidRequestError: The template refuses the conversation.
        """
        wanted = sampling.maximum_tokens or DEFAULT_TOKENS
        room = min(wanted, max(1, self._positions // 4))
        for count in range(len(prompt.passages), -1, -1):
            ids = self._encode(self._composed(prompt.messages, prompt.passages[:count]))
            if len(ids) + (room if count else 1) <= self._positions:
                return ids, count, min(wanted, self._positions - len(ids))
        raise PromptTooLongError(
            f"The conversation has {len(ids)} tokens; the backbone reads and writes at most "
            f"{self._positions}.",
            tokens=str(len(ids)),
            maximum=str(self._positions),
        )

    def _composed(
        self, messages: Sequence[ChatMessage], passages: Sequence[Citation]
    ) -> Sequence[ChatMessage]:
        if not passages:
            return messages
        if self._system_lines:
            return as_system_lines(messages, passages, self._reserved)
        return as_block(messages, passages, self._reserved, _draw_mark)

    def _encode(self, messages: Sequence[ChatMessage]) -> list[int]:
        if self._tokenizer.chat_template is None:
            raise ChatTemplateMissingError
        turns = [{"role": turn.role, "content": turn.content} for turn in messages]
        try:
            written: Mapping[str, Any] = self._tokenizer.apply_chat_template(
                turns, tokenize=True, return_dict=True, add_generation_prompt=True
            )
        except (TemplateError, ValueError, TypeError) as error:
            raise InvalidRequestError(
                "The backbone's chat template refuses this order of messages "
                f"({type(error).__name__}).",
                field="messages",
            ) from error
        return list(written["input_ids"])


def _draw_mark() -> str:
    return f"passages-{secrets.token_hex(_MARK_BYTES)}"
