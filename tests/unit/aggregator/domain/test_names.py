"""Names that become parts of paths."""

import pytest

from pfi_aggregator.domain.adapter import AdapterReference
from pfi_aggregator.domain.names import check_digest, check_name
from pfi_aggregator.domain.round_key import RoundKey
from pfi_common.errors import InvalidRequestError


@pytest.mark.parametrize("name", ["a", "r-0000000001.1.1.c-1", "A_b.c-d", "x" * 128])
def test_harmless_names_pass(name):
    assert check_name("run", name) == name


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".hidden", "a/b", "../a", "a\\b", "a\0b", "a b", "ä", "x" * 129, "a\n"]
)
def test_names_that_could_leave_the_folder_are_refused(name):
    with pytest.raises(InvalidRequestError) as caught:
        check_name("run", name)
    assert caught.value.details == {"field": "run"}


@pytest.mark.parametrize(
    "digest", ["", "ab" * 31, "AB" * 32, "ab" * 33, "zz" * 32, "ab" * 32 + "\n"]
)
def test_digests_have_one_form(digest):
    assert check_digest("x", "ab" * 32) == "ab" * 32
    with pytest.raises(InvalidRequestError):
        check_digest("x", digest)


@pytest.mark.parametrize(
    "key", [("r", 0, 1, "g"), ("r", 1, 0, "g"), ("", 1, 1, "g"), ("r", 1, 1, "/")]
)
def test_round_keys_are_checked(key):
    with pytest.raises(InvalidRequestError):
        RoundKey(*key)


def test_references_are_checked():
    with pytest.raises(InvalidRequestError):
        AdapterReference("short", "ab" * 32, "r", "g", 0)
