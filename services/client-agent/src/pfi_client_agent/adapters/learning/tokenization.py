"""Writes rows as token ids, and marks the tokens that are learnt."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError
from transformers import PreTrainedTokenizerBase

from pfi_client_agent.domain.rows import CompletionRow, MessagesRow, Row, TextRow

IGNORED = -100
"""Label of a token without loss, as PyTorch's cross entropy has it."""

_GENERATION = re.compile(r"\{%-?\s*generation\s*-?%\}")


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A row as the model sees it.

    Shapes:
        ids, labels: (token count,); labels are ids, or IGNORED where nothing is learnt.
    """

    ids: Sequence[int]
    labels: Sequence[int]


class RowTokenizer:
    """Turns rows into tokens; asked again for a row, it answers from memory.

    A text or completion ends with the end-of-text token, so that the model learns to stop. In a
    conversation the template decides; only the assistant's tokens are learnt where the template
    marks them (`{% generation %}`), else all of them. A backbone without a template gets lines
    of the form `role: content`.

    Args:
        tokenizer: The backbone's tokenizer.
        maximum_tokens: Longest row; longer ones are cut at the end.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, maximum_tokens: int) -> None:
        self._tokenizer = tokenizer
        self._maximum = maximum_tokens
        self._known: dict[bytes, TokenRow | None] = {}
        template = tokenizer.chat_template
        self._marks_assistant = (
            tokenizer.is_fast
            and isinstance(template, str)
            and _GENERATION.search(template) is not None
        )

    def tokens(self, digest: bytes, row: Row) -> TokenRow | None:
        """Give a row's tokens; None when no token of it can be learnt.

        Args:
            digest: The row's content digest.
            row: The row.
        """
        if digest not in self._known:
            self._known[digest] = self._cut(*self._write(row))
        return self._known[digest]

    def _cut(self, ids: Sequence[int], labels: Sequence[int]) -> TokenRow | None:
        row = TokenRow(ids[: self._maximum], labels[: self._maximum])
        # The first token has no predecessor that could predict it.
        return row if any(label != IGNORED for label in row.labels[1:]) else None

    def _write(self, row: Row) -> tuple[Sequence[int], Sequence[int]]:
        if isinstance(row, TextRow):
            ids = self._ended(self._encode(row.text))
            return ids, ids
        if isinstance(row, CompletionRow):
            return self._write_completion(row)
        return self._write_messages(row)

    def _write_completion(self, row: CompletionRow) -> tuple[Sequence[int], Sequence[int]]:
        prompt = self._encode(row.prompt)
        if prompt and prompt[-1] == self._tokenizer.eos_token_id:
            # Some tokenizers end every text; here it goes on.
            prompt = prompt[:-1]
        # Encoded apart from the prompt, so that no token reaches over the border.
        completion = self._ended(self._encode(row.completion, special=False))
        return prompt + completion, [IGNORED] * len(prompt) + completion

    def _write_messages(self, row: MessagesRow) -> tuple[Sequence[int], Sequence[int]]:
        messages = [{"role": turn.role, "content": turn.content} for turn in row.messages]
        if self._tokenizer.chat_template is None:
            return self._write_lines(row)
        try:
            written: Mapping[str, Any] = self._tokenizer.apply_chat_template(
                messages,
                tokenize=True,
                return_dict=True,
                return_assistant_tokens_mask=self._marks_assistant,
            )
        except (TemplateError, ValueError, TypeError):
            # The template refuses this conversation, for instance two user turns in a row.
            return [], []
        ids = list(written["input_ids"])
        if not self._marks_assistant:
            return ids, ids
        mask = written["assistant_masks"]
        return ids, [token if learnt else IGNORED for token, learnt in zip(ids, mask, strict=True)]

    def _write_lines(self, row: MessagesRow) -> tuple[Sequence[int], Sequence[int]]:
        ids = self._encode("")
        labels = [IGNORED] * len(ids)
        for turn in row.messages:
            head = self._encode(f"{turn.role}:", special=False)
            said = self._encode(f" {turn.content}\n", special=False)
            ids += head + said
            labels += [IGNORED] * len(head)
            labels += said if turn.role == "assistant" else [IGNORED] * len(said)
        return ids, labels

    def _encode(self, text: str, *, special: bool = True) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=special)["input_ids"])

    def _ended(self, ids: list[int]) -> list[int]:
        end = self._tokenizer.eos_token_id
        return ids if end is None or ids[-1:] == [end] else [*ids, end]
