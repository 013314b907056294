"""How long a text is, in words."""

import re

TARGET_WORDS = 120
"""A passage has at most so many words, those that it shares with the one before included."""
OVERLAP_WORDS = 20
"""So many words of the end of a passage are repeated at the start of the next one, at most."""
LARGEST_PIECE_WORDS = TARGET_WORDS - OVERLAP_WORDS
"""What is longer is taken apart; so each piece fits behind an overlap."""

_CHARACTERS_PER_WORD = 7
_IDEOGRAPHS = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")
_IDEOGRAPHS_PER_WORD = 2


def count_words(text: str) -> int:
    """Measures a text so that an embedding model can take a passage whole.

    Words are parted by white space. Long runs without any, as in source code and in scripts that
    do not write it, count by their characters.
    """
    characters = len(text.strip())
    if not characters:
        return 0
    ideographs = 0 if text.isascii() else len(_IDEOGRAPHS.findall(text))
    return max(
        len(text.split()),
        -(-characters // _CHARACTERS_PER_WORD),
        -(-ideographs // _IDEOGRAPHS_PER_WORD),
    )
