"""Rows that can be trained on, and the digest that identifies a row by its content."""

import hashlib
import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TextRow:
    """A plain text: every token is learnt, or, by a classifier, its label.

    Attributes:
        text: The text, not blank.
        label: What a classifier learns; None where the row has none.
    """

    text: str
    label: str | None = None

    def content(self) -> list[object]:
        """Give what the digest is made of; a label counts where there is one."""
        return ["text", self.text, *([] if self.label is None else [self.label])]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation.

    Attributes:
        role: Who speaks, for instance `user` or `assistant`.
        content: What is said.
    """

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class MessagesRow:
    """A conversation, written as text by the backbone's chat template.

    Attributes:
        messages: Turns in order, at least one.
    """

    messages: tuple[Message, ...]

    def content(self) -> list[object]:
        """Give what the digest is made of."""
        return ["messages", [[message.role, message.content] for message in self.messages]]


@dataclass(frozen=True, slots=True)
class CompletionRow:
    """A prompt with the completion that is learnt; the prompt's tokens carry no loss.

    Attributes:
        prompt: What comes before.
        completion: What is learnt, not blank.
    """

    prompt: str
    completion: str

    def content(self) -> list[object]:
        """Give what the digest is made of."""
        return ["completion", self.prompt, self.completion]


Row = TextRow | MessagesRow | CompletionRow


def kind_of(row: Row) -> str:
    """Name a row's kind as files spell it."""
    if isinstance(row, TextRow):
        return "text" if row.label is None else "text/label"
    return "messages" if isinstance(row, MessagesRow) else "prompt/completion"


def label_of(row: Row) -> str | None:
    """Give a row's label; None where it has none."""
    return row.label if isinstance(row, TextRow) else None


def content_digest(row: Row) -> bytes:
    """Hash a row's content: rows are equal exactly when their digests are (SHA-256, 32 bytes)."""
    written = json.dumps(row.content(), ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(written.encode("ascii")).digest()
