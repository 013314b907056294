import pytest
from hypothesis import given
from hypothesis import strategies as st

from pfi_common.errors import TokenInvalidError
from pfi_common.identity import JoinToken

TOKEN = JoinToken("coordinator.example.org:8443", "ab" * 32, "s3cret-with_all.kinds")


def test_a_token_is_one_word():
    text = TOKEN.encode()
    assert text.startswith("pfi1_")
    assert text.replace("_", "").replace("-", "").isalnum()
    assert JoinToken.decode(text) == TOKEN
    assert JoinToken.decode(f"  {text}\n") == TOKEN


def test_the_secret_is_not_printed():
    assert TOKEN.secret not in repr(TOKEN)


@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=60))
def test_any_endpoint_and_secret_survive(endpoint, secret):
    token = JoinToken(endpoint, "0f" * 32, secret)
    assert JoinToken.decode(token.encode()) == token


@pytest.mark.parametrize("cut", range(1, len(TOKEN.encode()), 7))
def test_a_token_that_lost_its_end_is_refused(cut):
    with pytest.raises(TokenInvalidError):
        JoinToken.decode(TOKEN.encode()[:-cut])


def test_a_changed_character_is_found():
    text = TOKEN.encode()
    for index in range(5, len(text)):
        changed = text[:index] + ("A" if text[index] != "A" else "B") + text[index + 1 :]
        with pytest.raises(TokenInvalidError):
            JoinToken.decode(changed)


@pytest.mark.parametrize(
    "text",
    ["", "pfi1_", "pfi1_!!!!", "pfi2_abc", "pfk_1_2", "pfi1_" + "A" * 2000, "pfi1_ÄÖ"],
)
def test_other_words_are_refused(text):
    with pytest.raises(TokenInvalidError):
        JoinToken.decode(text)


@pytest.mark.parametrize(
    "token",
    [JoinToken("host:1", "not hexadecimal", "s"), JoinToken("host:1", "ab" * 32, "")],
)
def test_a_token_that_lacks_a_part_is_refused(token):
    with pytest.raises(TokenInvalidError, match="lacks a part"):
        JoinToken.decode(token.encode())
