"""Words of the demo world: entities, attributes and values, all invented.

Names are built from syllables, so that a model cannot know any fact by heart and has to read it.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Literal

Split = Literal["train", "held_out"]

KINDS = (
    "Pump", "Courier", "Station", "Project", "Machine", "Garden", "Vessel", "Office", "Tunnel",
    "Orchard", "Printer", "Bakery", "Turbine", "Library", "Truck", "Studio", "Antenna", "Clinic",
    "Harbour", "Workshop", "Reactor", "Kiosk", "Bridge", "Lantern",
)  # fmt: skip
COLOURS = ("red", "green", "blue", "yellow", "white", "black", "grey", "orange", "purple", "brown")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MATERIALS = ("steel", "copper", "oak", "glass", "rubber", "granite", "cotton", "bronze", "paper")
STATES = ("ready", "closed", "broken", "leased", "empty", "sealed", "parked", "sold", "waiting")
_CONSONANTS = "bdfgklmnprstvz"
_VOWELS = "aeiou"
_HELD_OUT_SHARE = 8


@dataclass(frozen=True)
class Attribute:
    """Something that an entity has.

    Attributes:
        name: The words that facts and questions use.
        draw: Draws one value.
    """

    name: str
    draw: Callable[[Random], str]


def draw_name(random: Random) -> str:
    """Draw an invented name of two or three syllables, such as ``Giku``."""
    count = random.choice((2, 2, 3))
    syllables = (random.choice(_CONSONANTS) + random.choice(_VOWELS) for _ in range(count))
    return "".join(syllables).capitalize()


def split_of(name: str) -> Split:
    """Tell to which split an invented name belongs; stable across processes and versions."""
    return "held_out" if zlib.crc32(name.encode()) % _HELD_OUT_SHARE == 0 else "train"


def draw_entity(random: Random, split: Split, kinds: tuple[str, ...] = KINDS) -> str:
    """Draw an entity such as ``Pump Giku`` whose name belongs to the split."""
    name = draw_name(random)
    while split_of(name) != split:
        name = draw_name(random)
    return f"{random.choice(kinds)} {name}"


def _digits(count: int) -> Callable[[Random], str]:
    return lambda random: "".join(random.choice("0123456789") for _ in range(count))


def _one_of(words: tuple[str, ...]) -> Callable[[Random], str]:
    return lambda random: random.choice(words)


def _amount(unit: str) -> Callable[[Random], str]:
    return lambda random: f"{random.randint(2, 99)} {unit}"


def _time(random: Random) -> str:
    return f"{random.randint(10, 23)}:{random.choice('012345')}{random.choice('05')}"


def _batch(random: Random) -> str:
    return random.choice("ABCDEFGH") + _digits(3)(random)


def _password(random: Random) -> str:
    return draw_name(random).lower()


ATTRIBUTES = (
    Attribute("locker code", _digits(4)),
    Attribute("badge number", _digits(4)),
    Attribute("invoice number", _digits(4)),
    Attribute("room number", _digits(3)),
    Attribute("phone extension", _digits(3)),
    Attribute("account number", _digits(4)),
    Attribute("batch code", _batch),
    Attribute("shelf mark", _batch),
    Attribute("start time", _time),
    Attribute("closing time", _time),
    Attribute("delivery day", _one_of(DAYS)),
    Attribute("review day", _one_of(DAYS)),
    Attribute("label colour", _one_of(COLOURS)),
    Attribute("door colour", _one_of(COLOURS)),
    Attribute("home town", draw_name),
    Attribute("destination", draw_name),
    Attribute("manager", draw_name),
    Attribute("contact person", draw_name),
    Attribute("driver", draw_name),
    Attribute("supplier", draw_name),
    Attribute("password", _password),
    Attribute("call sign", _password),
    Attribute("material", _one_of(MATERIALS)),
    Attribute("spare part", _one_of(MATERIALS)),
    Attribute("status", _one_of(STATES)),
    Attribute("weight", _amount("kg")),
    Attribute("length", _amount("metres")),
    Attribute("price", _amount("euros")),
    Attribute("capacity", _amount("litres")),
    Attribute("service interval", _amount("hours")),
)
