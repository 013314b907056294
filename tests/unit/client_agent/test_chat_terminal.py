"""What a terminal shows of an answer."""

from io import StringIO

import pytest
from rich.console import Console

from pfi_client_agent.entrypoints.chat_terminal.conversation import Conversation, show
from pfi_client_agent.entrypoints.chat_terminal.display import Display

ADAPTER = {
    "run": None,
    "line": None,
    "version": None,
    "digest": None,
    "personal": False,
    "personal_left_out": None,
    "refused": None,
}
EXTENSION = {"citations": [], "retrieval": {"mode": "off"}, "adapter": ADAPTER}


class OneAnswer:
    """An API that streams one answer."""

    def __init__(self, text):
        self._text = text

    def ask(self, _body):
        yield {
            "choices": [{"delta": {"content": self._text}, "finish_reason": "stop"}],
            "pfi": EXTENSION,
        }


@pytest.mark.parametrize(("text", "told"), [("", True), (" \n", True), ("Four.", False)])
def test_an_empty_answer_is_told(text, told):
    console = Console(file=StringIO(), width=80)
    show(Conversation(OneAnswer(text), {}), "2 + 2?", Display(console, passages=False))
    shown = console.file.getvalue()
    assert ("The model answered nothing." in shown) is told
    assert text.strip() in shown
