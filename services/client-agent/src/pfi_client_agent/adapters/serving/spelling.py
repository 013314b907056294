"""Turns tokens into text as they come."""

from transformers import PreTrainedTokenizerBase

_UNFINISHED = "\N{REPLACEMENT CHARACTER}"


class Spelling:
    """Spells an answer out, piece by piece; pieces joined are the whole answer.

    A token alone cannot be spelled: a letter may take several, and a space may belong to the next
    one. So each piece is the difference that a token makes to the text of the last few.

    Args:
        tokenizer: The backbone's tokenizer.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        self._ids: list[int] = []
        self._context_start = 0
        self._spelled_to = 0
        self._begun = False

    def add(self, token: int) -> str:
        """Take the next token; gives the text that is complete with it."""
        self._ids.append(token)
        piece = self._piece()
        if piece.endswith(_UNFINISHED):
            return ""
        return self._spelled(piece)

    def flush(self) -> str:
        """Give what is left, complete or not."""
        return self._spelled(self._piece())

    def _piece(self) -> str:
        before = self._decode(self._ids[self._context_start : self._spelled_to])
        return self._decode(self._ids[self._context_start :])[len(before) :]

    def _spelled(self, piece: str) -> str:
        self._context_start, self._spelled_to = self._spelled_to, len(self._ids)
        if not self._begun:
            # Templates put a space before what an assistant says.
            piece = piece.lstrip()
            self._begun = bool(piece)
        return piece

    def _decode(self, ids: list[int]) -> str:
        return str(
            self._tokenizer.decode(
                ids, skip_special_tokens=True, clean_up_tokenization_spaces=False
            )
        )
