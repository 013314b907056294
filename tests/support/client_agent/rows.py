"""Small data sets."""

import json
from pathlib import Path

from pfi_client_agent.domain.rows import (
    CompletionRow,
    Message,
    MessagesRow,
    TextRow,
    content_digest,
)
from pfi_client_agent.domain.split import split_rows


def mixed_rows(count=24):
    """Rows of every kind, all distinct."""
    makers = (
        lambda n: TextRow(f"The number {n} follows {n - 1}."),
        lambda n: CompletionRow(f"{n} plus 1 is", f" {n + 1}"),
        lambda n: MessagesRow((Message("user", f"What is {n}?"), Message("assistant", f"A {n}"))),
    )
    return [makers[number % 3](number) for number in range(count)]


def labelled_rows(count=24):
    """Texts whose label is told by a word in them, all distinct."""
    kinds = [("rain", "wet"), ("sun", "dry"), ("fog", "wet")]
    return [
        TextRow(f"{number}: {word} over the {number % 7} hills", label)
        for number in range(count)
        for word, label in [kinds[number % len(kinds)]]
    ]


def by_digest(rows):
    return {content_digest(row): row for row in rows}


def some_split(count=24, *, fraction=0.25, seed=5):
    return split_rows(by_digest(mixed_rows(count)), fraction=fraction, seed=seed)


def write_rows(path: Path, texts) -> Path:
    path.write_text("\n".join(json.dumps({"text": text}) for text in texts), encoding="utf-8")
    return path
