"""One question, or a conversation."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from pfi_client_agent.domain.next_steps import next_step_for
from pfi_client_agent.entrypoints.chat_terminal.client import Api
from pfi_client_agent.entrypoints.chat_terminal.display import Display
from pfi_common.errors import PlatformError, PromptTooLongError


@dataclass
class Answer:
    """An answer as it was received.

    Attributes:
        text: What was said.
        finish_reason: `stop` or `length`.
        usage: Token counts.
        pfi: Citations, retrieval and adapters.
    """

    text: str = ""
    finish_reason: str = ""
    usage: Mapping[str, int] = field(default_factory=dict)
    pfi: Mapping[str, Any] = field(default_factory=dict)

    def take(self, event: Mapping[str, Any]) -> str:
        """Take an event of the stream; gives its piece of text."""
        self.usage = event.get("usage") or self.usage
        self.pfi = event.get("pfi") or self.pfi
        piece = ""
        for choice in event["choices"]:
            piece += choice["delta"].get("content") or ""
            self.finish_reason = choice["finish_reason"] or self.finish_reason
        self.text += piece
        return piece

    def document(self) -> dict[str, Any]:
        """Write it for a program."""
        return {
            "answer": self.text,
            "finish_reason": self.finish_reason,
            "usage": dict(self.usage),
            **self.pfi,
        }


class Conversation:
    """Questions and answers with one API.

    Args:
        api: The API.
        options: Further fields of each request.
    """

    def __init__(self, api: Api, options: Mapping[str, Any]) -> None:
        self._api = api
        self._options = options
        self._messages: list[dict[str, str]] = []

    def ask(self, question: str, show: Callable[[str], None]) -> Answer:
        """Ask, and give the answer when it is whole.

        What was said first is forgotten when the conversation gets longer than the backbone reads.

        Args:
            question: What to ask.
            show: Is given each piece of the answer as it comes.

        Raises:
            PlatformError: There is no answer.
        """
        asked = [*self._messages, {"role": "user", "content": question}]
        while True:
            try:
                answer = self._answer(asked, show)
            except PromptTooLongError:
                if len(asked) == 1:
                    raise
                del asked[:2]
            else:
                self._messages = [*asked, {"role": "assistant", "content": answer.text}]
                return answer

    def _answer(self, messages: list[dict[str, str]], show: Callable[[str], None]) -> Answer:
        answer = Answer()
        with closing(self._api.ask({"messages": messages, **self._options})) as events:
            for event in events:
                show(answer.take(event))
        return answer


def converse(conversation: Conversation, display: Display, console: Console) -> None:
    """Ask what is typed, until the end of the input."""
    console.print("Ask; Ctrl-C ends an answer, Ctrl-D ends the conversation.", style="dim")
    while True:
        try:
            question = console.input("\n> ").strip()
        except (EOFError, KeyboardInterrupt):
            console.print()
            return
        if not question:
            continue
        try:
            show(conversation, question, display)
        except KeyboardInterrupt:
            console.print("\n(stopped)", style="dim")
        except PlatformError as error:
            console.print(f"{error.message} {next_step_for(error)}", style="red", markup=False)


def show(conversation: Conversation, question: str, display: Display) -> None:
    """Ask one question and show the answer as it comes.

    Raises:
        PlatformError: There is no answer.
    """
    answer = conversation.ask(question, display.piece)
    if not answer.text.strip():
        display.silence()
    display.end(answer.pfi, answer.finish_reason)


def collect(conversation: Conversation, question: str) -> dict[str, Any]:
    """Ask one question and give the whole answer, for a program.

    Raises:
        PlatformError: There is no answer.
    """
    return conversation.ask(question, lambda _: None).document()
