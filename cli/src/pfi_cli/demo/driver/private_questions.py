"""Asks a demo's clients for their private facts: without an index, with theirs, with another's."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pfi_cli.demo.client_facts import ClientQuestion, client_questions
from pfi_cli.demo.driver.agent_api import AgentApi, holds
from pfi_cli.demo.driver.foreign_index import foreign_passages
from pfi_cli.demo.driver.private_documents import add_documents, write_documents
from pfi_cli.local.layout import StateLayout
from pfi_cli.local.supervisor import TEND_SECONDS
from pfi_cli.output.console import say
from pfi_cli.report.figures import ClientAnswers
from pfi_common.errors import LocalFederationFailedError

QUESTIONS = 20
_READY_SECONDS = 60.0


@dataclass(frozen=True)
class Asked:
    """A client that is asked.

    Attributes:
        name: Its name.
        folder: Its state folder.
        questions: Its private questions.
    """

    name: str
    folder: Path
    questions: Sequence[ClientQuestion]


def ask_privately(
    layout: StateLayout,
    names: Sequence[str],
    adapter: str,
    seed: int,
    tend: Callable[[], None],
) -> list[ClientAnswers]:
    """Gives each client an index of its own facts, and asks for them.

    Args:
        layout: Where everything lies.
        names: Clients in the order of their numbers.
        adapter: Digest of the adapter that is to answer; agents look for new ones now and then.
        seed: Seed of their facts.
        tend: Is called again and again; may raise.

    Raises:
        LocalFederationFailedError: An agent does not answer, or documents could not be added.
    """
    folders = [
        (name, write_documents(layout.root / "documents", number, seed))
        for number, name in enumerate(names)
    ]
    say("each client adds its private documents to an index of its own")
    add_documents(layout, folders, tend)
    clients = [
        Asked(name, layout.agents / name, client_questions(number, seed, count=QUESTIONS))
        for number, name in enumerate(names)
    ]
    _wait_until_ready(clients, adapter, tend)
    say(f"each client is asked {QUESTIONS} private questions, without and with an index")
    answered = []
    for number, client in enumerate(clients):
        other = clients[(number + 1) % len(clients)] if len(clients) > 1 else None
        answered.append(_ask(client, other, tend))
    return answered


def _ask(client: Asked, other: Asked | None, tend: Callable[[], None]) -> ClientAnswers:
    without = _right(client, client, tend, documents=False)
    own = _right(client, client, tend, documents=True)
    others, searches, passages = None, 0, 0
    if other is not None:
        others = _right(other, client, tend, documents=True)
        # Its own questions at the index that can answer them: what an intruder would try.
        queries = [question.text for question in other.questions]
        searches = len(queries)
        passages = foreign_passages(client.folder, other.folder, queries)
    return ClientAnswers(
        name=client.name,
        questions=len(client.questions),
        without_index=without,
        own_index=own,
        other_index=others,
        foreign_searches=searches,
        foreign_passages=passages,
    )


def _right(asked: Asked, owner: Asked, tend: Callable[[], None], *, documents: bool) -> int:
    """Asks one client the questions of another or its own; counts the right answers."""
    api, right = AgentApi(asked.folder), 0
    for question in owner.questions:
        tend()
        right += holds(api.ask(question.text, documents=documents), question.value)
    return right


def _wait_until_ready(clients: Sequence[Asked], adapter: str, tend: Callable[[], None]) -> None:
    end = time.monotonic() + _READY_SECONDS
    while not all(_is_ready(AgentApi(client.folder), adapter) for client in clients):
        tend()
        if time.monotonic() > end:
            raise LocalFederationFailedError(
                f"not all agents answered with the last adapter within {_READY_SECONDS:.0f} s"
            )
        time.sleep(TEND_SECONDS)


def _is_ready(api: AgentApi, adapter: str) -> bool:
    return api.ready and api.answers_with(adapter)
