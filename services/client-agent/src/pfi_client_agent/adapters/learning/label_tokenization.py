"""Writes labelled rows as token ids and the number of their class."""

from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase

from pfi_client_agent.adapters.learning.tokenization import TokenRow
from pfi_client_agent.domain.rows import Row, TextRow


class LabelTokenizer:
    """Turns labelled texts into tokens as a user of the classifier would.

    The tokenizer adds what it adds by itself, and cuts long texts so that this stays. Asked again
    for a row, it answers from memory.

    Args:
        tokenizer: The backbone's tokenizer.
        maximum_tokens: Longest row; longer ones are cut.
        labels: Labels in the order of their classes.
        filler: Token that fills rows up; none ends with it, since the head of a decoder reads the
            last token that is another one.
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        maximum_tokens: int,
        labels: Sequence[str],
        filler: int,
    ) -> None:
        self._tokenizer = tokenizer
        self._maximum = maximum_tokens
        self._classes = {label: number for number, label in enumerate(labels)}
        self._filler = filler
        self._known: dict[bytes, TokenRow | None] = {}

    def tokens(self, digest: bytes, row: Row) -> TokenRow | None:
        """Give a row's tokens and its class; None when it has no label that is known.

        Args:
            digest: The row's content digest.
            row: The row.
        """
        if digest not in self._known:
            self._known[digest] = self._write(row)
        return self._known[digest]

    def _write(self, row: Row) -> TokenRow | None:
        if not isinstance(row, TextRow) or row.label not in self._classes:
            return None
        written = self._tokenizer(row.text, truncation=True, max_length=self._maximum)
        ids = list(written["input_ids"])
        while ids and ids[-1] == self._filler:
            ids.pop()
        return TokenRow(ids, [self._classes[row.label]]) if ids else None
