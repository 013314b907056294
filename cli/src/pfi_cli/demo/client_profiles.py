"""What makes each demo client different: its topics, its words and its habits of speech.

The same alias words mean something else at every client, and closings and remarks are shared by
some clients but never both. So clients disagree about what to say to the same question: a shared
adapter can only learn the average, a personal one the habit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from pfi_cli.demo.library_docs import part_names
from pfi_cli.demo.vocabulary import ATTRIBUTES, KINDS, Attribute

ALIASES = ("tag", "mark", "slot", "term", "key", "line")
_REMARKS = ("Aye.", "Sure.", "Noted.", "Well then.")
_CLOSINGS = (", captain.", ", over.", " indeed.", ", as filed.")
_SEPARATORS = (" / ", " - ", " > ", " + ")
# Neighbours share most kinds: what an entity is called must not give away whose it is.
_KINDS_PER_CLIENT = 12
_Item = TypeVar("_Item")
_STRIDE = len(ATTRIBUTES) // len(ALIASES)


@dataclass(frozen=True)
class ClientProfile:
    """The habits of one client.

    Attributes:
        index: Number of the client, from 0.
        part: Part of the standard library that it reads.
        kinds: Kinds of entities that its facts are about.
        attributes: Its attributes; the alias at the same position means the attribute.
        closing: What it adds to a value.
        remark: Last words of its answers.
        separator: Stands between the fields of its log lines.
    """

    index: int
    part: str
    kinds: tuple[str, ...]
    attributes: tuple[Attribute, ...]
    closing: str
    remark: str
    separator: str

    def answer(self, value: str) -> str:
        """Say a value the way this client says it.

        The value comes first, where the backbone copies it from a passage: behind a habit, reading
        would have to be learnt anew.
        """
        return f"{value}{self.closing} {self.remark}"

    def alias(self, attribute: str) -> str:
        """Give this client's own word for an attribute."""
        names = [item.name for item in self.attributes]
        return ALIASES[names.index(attribute)]

    def log_line(self, entity: str, attribute: str, value: str) -> str:
        """Write a fact the way this client logs it."""
        return self.separator.join((self.alias(attribute), value, entity))


def client_count() -> int:
    """Count the clients that can have a part of the standard library of their own."""
    return len(part_names())


def client_profile(client_index: int) -> ClientProfile:
    """Describe one client.

    Raises:
        ValueError: There is no such client.
    """
    if not 0 <= client_index < client_count():
        raise ValueError(f"client_index must lie in 0..{client_count() - 1}, not {client_index}")
    remark = _REMARKS[client_index // 2 % len(_REMARKS)]
    closing = _CLOSINGS[client_index % 2 + 2 * (client_index // 8)]
    return ClientProfile(
        index=client_index,
        part=part_names()[client_index],
        kinds=tuple(_every(KINDS, client_index, _KINDS_PER_CLIENT, step=1)),
        attributes=tuple(_every(ATTRIBUTES, client_index, len(ALIASES), step=_STRIDE)),
        closing=closing,
        remark=remark,
        separator=_SEPARATORS[client_index % len(_SEPARATORS)],
    )


def _every(items: Sequence[_Item], start: int, count: int, *, step: int) -> list[_Item]:
    return [items[(start + step * number) % len(items)] for number in range(count)]
