"""Counts the tokens of rows with a backbone's tokenizer; no weight is loaded."""

from collections.abc import Iterable
from pathlib import Path

from transformers import AutoTokenizer

from pfi_client_agent.adapters.learning.quiet import quieten_libraries
from pfi_client_agent.adapters.learning.skeleton import LOADING_ERRORS
from pfi_client_agent.adapters.learning.tokenization import RowTokenizer
from pfi_client_agent.domain.rows import Row, content_digest
from pfi_client_agent.domain.token_counts import TokenCounts, token_counts
from pfi_common.errors import BackboneUnreadableError

_NO_LIMIT = 1 << 31


def count_tokens(backbone: Path, rows: Iterable[Row]) -> TokenCounts:
    """Count the tokens of rows as training would write them, not cut.

    Raises:
        BackboneUnreadableError: The folder holds no tokenizer.
    """
    quieten_libraries()
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            backbone, trust_remote_code=False, local_files_only=True
        )
    except LOADING_ERRORS as error:
        raise BackboneUnreadableError(
            f"{backbone} holds no tokenizer that transformers can load ({type(error).__name__})."
        ) from error
    writer = RowTokenizer(tokenizer, _NO_LIMIT)
    written = (writer.tokens(content_digest(row), row) for row in rows)
    return token_counts([0 if row is None else len(row.ids) for row in written])
