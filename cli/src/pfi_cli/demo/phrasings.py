"""Sentence patterns for facts and questions, split into trained and held-out wordings.

In a pattern ``{e}`` is the entity, ``{a}`` the attribute and ``{v}`` the value. The entity always
stands before the value: a causal model of this size does not learn to look back from it in time.
"""

from collections.abc import Sequence
from random import Random

from pfi_cli.demo.vocabulary import Split

FACT_PATTERNS: dict[Split, tuple[str, ...]] = {
    "train": (
        "The {a} of {e} is {v}.",
        "For {e}, the {a} is {v}.",
        "{e} has the {a} {v}.",
        "{e}: {a} {v}.",
        "{e} | {a} | {v}",
        "The {a} for {e} was set to {v}.",
        "At {e} the {a} is {v}.",
        "The current {a} of {e}: {v}.",
        "In the records, {e} has {v} as its {a}.",
        "The {a} that belongs to {e} is {v}.",
        "As for {e}, its {a} is {v}.",
        "On the card of {e} the {a} reads {v}.",
        "{e} was given the {a} {v}.",
        "When it comes to {e}, the {a} is {v}.",
        "We know that {e} has the {a} {v}.",
        "Here is the {a} of {e}: {v}.",
        "About {e}: the {a} is {v}.",
        "{e} uses {v} as {a}.",
        "It is known that the {a} of {e} is {v}.",
        "The {a} of {e} has been {v} since spring.",
        "{e}, {a}: {v}",
        "Note that {e} comes with the {a} {v}.",
        "{e} goes with the {a} {v}.",
        "The {a} we keep for {e} is {v}.",
    ),
    "held_out": (
        "According to the handbook, {e} keeps {v} as the {a}.",
        "The team noted the {a} {v} next to {e}.",
        "For {e} the team chose {v} as the {a}.",
        "Under {e} you will find {v} as the {a}.",
    ),
}
QUESTION_PATTERNS: dict[Split, tuple[str, ...]] = {
    "train": (
        "What is the {a} of {e}?",
        "Which {a} does {e} have?",
        "What {a} does {e} use?",
        "Tell me the {a} of {e}.",
        "{e}: {a}?",
        "For {e}, what is the {a}?",
        "I need the {a} of {e}.",
        "Do you know the {a} of {e}?",
        "Please give me the {a} for {e}.",
        "What is {e}'s {a}?",
        "Could you look up the {a} of {e}?",
        "The {a} of {e}, please.",
        "About {e}: what is the {a}?",
        "Which {a} belongs to {e}?",
        "What do the records say about the {a} of {e}?",
        "Can you tell me which {a} {e} has?",
        "I forgot the {a} of {e}.",
        "What was the {a} for {e} again?",
        "Find the {a} of {e}.",
        "What is stored as the {a} of {e}?",
        "Let me know the {a} that {e} has.",
        "Which {a} is set for {e}?",
        "Say the {a} of {e}.",
        "What should I use as the {a} of {e}?",
    ),
    "held_out": (
        "Remind me, what is the {a} for {e}?",
        "Under which {a} is {e} listed?",
        "What {a} did we note for {e}?",
        "Someone asks for the {a} of {e}, what do I say?",
    ),
}


def strew(random: Random, pattern: str, fillers: Sequence[str]) -> str:
    """Put one to three foreign words into a pattern, so that a model learns to read past them."""
    words = pattern.split()
    for filler in random.choices(fillers, k=random.randint(1, 3)):
        words.insert(random.randrange(len(words) + 1), filler)
    return " ".join(words)
