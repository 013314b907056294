"""A federation with two agents on a tiny random backbone, shared by the tests of a module."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.small_runs import write_rows
from tests.support.federation import Federation

BAD_LINES = ("{not json", '{"text": 7}')


@pytest.fixture(scope="session")
def tiny_backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A two-layer model with random weights and a tokenizer of bytes."""
    from tests.support.client_agent.backbones import write_backbone

    return write_backbone(tmp_path_factory.mktemp("backbone"), kind="llama")


@pytest.fixture(scope="module")
def federation(
    tmp_path_factory: pytest.TempPathFactory, tiny_backbone: Path
) -> Iterator[Federation]:
    """Running services and two connected agents; the second one's file has two bad lines."""
    folder = tmp_path_factory.mktemp("federation")
    with Federation(folder / "state") as running:
        running.add_agent("ada", write_rows(folder / "ada.jsonl", "heron"))
        running.add_agent("ben", write_rows(folder / "ben.jsonl", "otter", bad=BAD_LINES))
        running.wait_until_connected(2)
        yield running
