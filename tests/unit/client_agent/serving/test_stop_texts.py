import pytest

from pfi_client_agent.adapters.serving.stop_texts import StopTexts


def feed(stops, pieces):
    texts = StopTexts(stops)
    given = [texts.feed(piece) for piece in pieces]
    return given, texts.flush(), texts.found


@pytest.mark.parametrize(
    ("stops", "pieces", "text", "found"),
    [
        ((), ["a", "b"], "ab", False),
        (("\n\n",), ["a\n", "\nb"], "a", True),
        (("END", "STOP"), ["xE", "N", "xSTO", "Py"], "xENx", True),
        (("abab",), ["aba", "b"], "", True),
        (("abac",), ["ab", "abac"], "ab", True),
        (("zz",), ["z"], "z", False),
    ],
)
def test_text_up_to_the_first_stop(stops, pieces, text, found):
    given, rest, was_found = feed(stops, pieces)
    assert "".join(given) + rest == text
    assert was_found is found


def test_what_may_become_a_stop_is_held_back():
    given, rest, _ = feed(("###",), ["a#", "#", "b"])
    assert given == ["a", "", "##b"]
    assert rest == ""
