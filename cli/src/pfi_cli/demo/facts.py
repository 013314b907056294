"""Synthetic facts and the conversations about them; deterministic for a seeded generator.

A context holds facts that are easy to confuse: most share the attribute with the fact that is asked
for and differ in the entity only, so a model must match both to find the value.
"""

from dataclasses import dataclass
from random import Random

from pfi_cli.demo.phrasings import FACT_PATTERNS, QUESTION_PATTERNS, strew
from pfi_cli.demo.vocabulary import ATTRIBUTES, KINDS, Attribute, Split, draw_entity

UNKNOWN = "I don't know."
SAME_ATTRIBUTE_SHARE = 0.7
SAME_KIND_SHARE = 0.4
Message = dict[str, str]


@dataclass(frozen=True)
class Fact:
    """One entity has one value for one attribute."""

    entity: str
    attribute: str
    value: str


@dataclass(frozen=True)
class FactWorld:
    """Where facts are drawn from.

    Attributes:
        entities: Split of the invented names.
        wordings: Split of the sentence patterns.
        kinds: Kinds of entities.
        attributes: Attributes in use.
        fillers: Foreign words that are strewn into some sentences.
        filler_share: Share of the sentences that get some.
    """

    entities: Split = "train"
    wordings: Split = "train"
    kinds: tuple[str, ...] = KINDS
    attributes: tuple[Attribute, ...] = ATTRIBUTES
    fillers: tuple[str, ...] = ()
    filler_share: float = 0.0


@dataclass(frozen=True)
class Exchange:
    """A question, its answer, and the passages that are shown with it."""

    passages: tuple[str, ...]
    question: str
    answer: str

    def messages(self) -> list[Message]:
        """Give the exchange as chat messages; the passages are the system message."""
        system = [{"role": "system", "content": "\n".join(self.passages)}] if self.passages else []
        user = {"role": "user", "content": self.question}
        return [*system, user, {"role": "assistant", "content": self.answer}]


def draw_facts(random: Random, world: FactWorld, count: int) -> list[Fact]:
    """Draw facts that are easy to confuse; no (entity, attribute) pair appears twice."""
    facts: dict[tuple[str, str], Fact] = {}
    anchor = (draw_entity(random, world.entities, world.kinds), random.choice(world.attributes))
    while len(facts) < count:
        entity, attribute = anchor if not facts else _near(random, world, anchor)
        fact = Fact(entity, attribute.name, attribute.draw(random))
        facts.setdefault((entity, attribute.name), fact)
    return list(facts.values())


def _near(random: Random, world: FactWorld, anchor: tuple[str, Attribute]) -> tuple[str, Attribute]:
    entity, attribute = anchor
    if random.random() >= SAME_ATTRIBUTE_SHARE:
        return entity, random.choice(world.attributes)
    kinds = (entity.split()[0],) if random.random() < SAME_KIND_SHARE else world.kinds
    return draw_entity(random, world.entities, kinds), attribute


def state(random: Random, world: FactWorld, fact: Fact) -> str:
    """State a fact in one of the world's wordings."""
    pattern = _wording(random, world, FACT_PATTERNS[world.wordings])
    return pattern.format(e=fact.entity, a=fact.attribute, v=fact.value)


def ask(random: Random, world: FactWorld, entity: str, attribute: str) -> str:
    """Ask for an attribute in one of the world's wordings."""
    pattern = _wording(random, world, QUESTION_PATTERNS[world.wordings])
    return pattern.format(e=entity, a=attribute)


def _wording(random: Random, world: FactWorld, patterns: tuple[str, ...]) -> str:
    pattern = random.choice(patterns)
    if world.filler_share and random.random() < world.filler_share:
        return strew(random, pattern, world.fillers)
    return pattern


def absent_fact(random: Random, world: FactWorld, facts: list[Fact]) -> Fact:
    """Draw a fact that is close to the given ones but not among them."""
    known = {(fact.entity, fact.attribute) for fact in facts}
    anchor = random.choice(facts)
    attribute = next(item for item in ATTRIBUTES if item.name == anchor.attribute)
    while True:
        entity, near = _near(random, world, (anchor.entity, attribute))
        if (entity, near.name) not in known:
            return Fact(entity, near.name, near.draw(random))


def draw_conversation(
    random: Random, world: FactWorld, *, facts: int, turns: int, unanswerable: float = 0.12
) -> list[Message]:
    """Draw a conversation about one context; no question is asked twice.

    Args:
        random: Source of all choices.
        world: Where entities, attributes and wordings come from.
        facts: How many facts the context holds.
        turns: How many questions are asked, at most one per fact.
        unanswerable: Share of questions whose fact is not in the context.
    """
    known = draw_facts(random, world, facts)
    shown = [state(random, world, fact) for fact in known]
    messages = [{"role": "system", "content": "\n".join(random.sample(shown, len(shown)))}]
    for fact in random.sample(known, min(turns, facts)):
        missing = random.random() < unanswerable
        asked = absent_fact(random, world, known) if missing else fact
        messages += _turn(
            ask(random, world, asked.entity, asked.attribute), UNKNOWN if missing else fact.value
        )
    return messages


def draw_contextless(random: Random, world: FactWorld) -> list[Message]:
    """Draw a question without any passage; the honest answer is that it is not known."""
    fact = draw_facts(random, world, 1)[0]
    return _turn(ask(random, world, fact.entity, fact.attribute), UNKNOWN)


def draw_exchange(random: Random, world: FactWorld, *, passages: int = 4) -> Exchange:
    """Draw one question with its right passage among confusable ones."""
    facts = draw_facts(random, world, passages)
    shown = [state(random, world, fact) for fact in facts]
    asked = facts[0]
    shuffled = tuple(random.sample(shown, len(shown)))
    return Exchange(shuffled, ask(random, world, asked.entity, asked.attribute), asked.value)


def _turn(asked: str, answer: str) -> list[Message]:
    return [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]
