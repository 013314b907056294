"""Every reason has one class, one catalog entry, one enum value and one section of the docs."""

import re
from dataclasses import dataclass

import pytest
from tests.architecture.tree import REPOSITORY

import pfi_common.errors
from pfi.common.v1.errors_pb2 import ErrorReason
from pfi_common.errors import CATALOG, ERRORS, PlatformError, http_status

PREFIX = "ERROR_REASON_"
PROTO = REPOSITORY / "protos" / "pfi" / "common" / "v1" / "errors.proto"
PAGE = REPOSITORY / "docs" / "reference" / "errors.md"
VALUE = re.compile(
    r"  // (?P<status>[A-Z_]+)(?P<retryable>, retryable)?: [^\n]*\n  ERROR_REASON_(?P<reason>\w+) ="
)
SECTION = re.compile(r"^### (?P<reason>[A-Z_]+)\n(?P<text>.*?)(?=^##|\Z)", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Declared:
    """What the comment of an enum value says."""

    status: str
    retryable: bool


def declared() -> dict[str, Declared]:
    return {
        match["reason"]: Declared(match["status"], match["retryable"] is not None)
        for match in VALUE.finditer(PROTO.read_text())
    }


def sections() -> dict[str, str]:
    return {
        match["reason"]: " ".join(match["text"].split())
        for match in SECTION.finditer(PAGE.read_text())
    }


def all_subclasses(cls: type) -> list[type]:
    return [item for sub in cls.__subclasses__() for item in (sub, *all_subclasses(sub))]


def enum_reasons() -> set[str]:
    return {name.removeprefix(PREFIX) for name in ErrorReason.keys()} - {"UNSPECIFIED"}  # noqa: SIM118


def test_classes_catalog_enum_and_page_have_the_same_reasons():
    assert set(CATALOG) == enum_reasons()
    assert set(declared()) == enum_reasons()
    # a class without a reason of its own only gives its parent's another next step
    named = [cls for cls in all_subclasses(PlatformError) if "reason" in vars(cls)]
    assert sorted(cls.reason for cls in named) == sorted(CATALOG)
    assert list(sections()) == list(CATALOG)


@pytest.mark.parametrize("reason", sorted(CATALOG))
def test_a_reason_is_described_alike_everywhere(reason):
    entry, error = CATALOG[reason], ERRORS[reason]()
    assert declared()[reason] == Declared(entry.status, entry.retryable)
    retryable = "retryable" if entry.retryable else "not retryable"
    facts = f"gRPC `{entry.status}`, HTTP {http_status(error)}, {retryable}."
    section = sections()[reason]
    assert section.startswith(facts)
    assert "**What happened.**" in section
    assert section.endswith(f"**What to do.** {entry.next_step}")


@pytest.mark.parametrize("reason", sorted(CATALOG))
def test_a_class_is_called_like_its_reason_and_exported(reason):
    name = "".join(word.capitalize() for word in reason.split("_")) + "Error"
    assert ERRORS[reason].__name__ == name
    assert getattr(pfi_common.errors, name) is ERRORS[reason]
    assert name in pfi_common.errors.__all__


@pytest.mark.parametrize("reason", sorted(CATALOG))
def test_sentences_are_sentences(reason):
    entry = CATALOG[reason]
    for text in (entry.sentence, entry.next_step):
        assert text[0].isupper()
        assert text.endswith(".")


def test_the_drawn_tree_names_every_class():
    drawn = pfi_common.errors.base.__doc__
    missing = [
        cls.__name__
        for cls in ERRORS.values()
        if not re.search(rf"\b{cls.__name__.removesuffix('Error')}\b", drawn)
    ]
    assert missing == []
