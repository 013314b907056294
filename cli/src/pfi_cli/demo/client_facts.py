"""The private facts of a demo client: passages for its index, and questions about them."""

from dataclasses import dataclass
from random import Random

from pfi_cli.demo.client_profiles import client_profile
from pfi_cli.demo.facts import Fact, FactWorld, ask, state
from pfi_cli.demo.vocabulary import draw_entity

ENTITIES_PER_CLIENT = 16
# Names that the backbone has never seen, in wordings that it can read.
WORLD = FactWorld(entities="held_out", wordings="train")


@dataclass(frozen=True)
class Passage:
    """A private sentence of a client.

    Attributes:
        id: Unique among the client's passages.
        text: One fact in plain words.
    """

    id: str
    text: str


@dataclass(frozen=True)
class ClientQuestion:
    """A question that only one client can answer, from one of its passages.

    Attributes:
        text: The question.
        value: The value that a right answer contains.
        answer: The whole answer, in the client's own style.
        passage_id: The passage that holds the value.
    """

    text: str
    value: str
    answer: str
    passage_id: str


def client_facts(client_index: int, seed: int) -> list[Fact]:
    """Draw all private facts of a client: every entity with every attribute of the client."""
    profile, random = client_profile(client_index), seeded("facts", client_index, seed)
    entities: dict[str, None] = {}
    while len(entities) < ENTITIES_PER_CLIENT:
        entities.setdefault(draw_entity(random, WORLD.entities, profile.kinds))
    return [
        Fact(entity, attribute.name, attribute.draw(random))
        for entity in entities
        for attribute in profile.attributes
    ]


def client_passages(client_index: int, seed: int) -> list[Passage]:
    """Put every private fact of a client into one plain sentence."""
    random = seeded("passages", client_index, seed)
    return [
        Passage(passage_id(client_index, number), state(random, WORLD, fact))
        for number, fact in enumerate(client_facts(client_index, seed))
    ]


def client_questions(client_index: int, seed: int, *, count: int) -> list[ClientQuestion]:
    """Ask for distinct private facts of a client, by their plain attribute names.

    Raises:
        ValueError: The client has fewer facts than questions are wanted.
    """
    random, profile = seeded("questions", client_index, seed), client_profile(client_index)
    numbered = list(enumerate(client_facts(client_index, seed)))
    return [
        ClientQuestion(
            ask(random, WORLD, fact.entity, fact.attribute),
            fact.value,
            profile.answer(fact.value),
            passage_id(client_index, number),
        )
        for number, fact in random.sample(numbered, count)
    ]


def passage_id(client_index: int, number: int) -> str:
    """Name a passage."""
    return f"client-{client_index}-fact-{number}"


def seeded(purpose: str, client_index: int, seed: int) -> Random:
    """Make a generator of its own for each purpose, client and seed."""
    return Random(f"{purpose}/{client_index}/{seed}")  # noqa: S311 - demo data, not a secret
