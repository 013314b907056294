"""An optimisation that fails, or whose service is killed, leaves nothing behind."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar
from unittest.mock import MagicMock

import pytest
from tests.support.rag.documents import add, ask, make_owner
from tests.support.rag.embedders import HashEmbedder

from pfi_common.telemetry.events import Event
from pfi_rag.adapters.edge import EdgeStore, EdgeStoreFactory, optimising, store
from pfi_rag.domain.documents import document_id

pytestmark = pytest.mark.integration

EMBEDDER = HashEmbedder()
REPOSITORY = Path(__file__).parents[3]
SECRET = [f"The secret recipe {number} needs saffron and patience." for number in range(20)]
SERVICE = """
import sys
from pathlib import Path
from tests.integration.rag import test_optimising_fails as scene
scene.optimising.OPTIMISE_FROM_PASSAGES = 10
scene.optimising._OPTIMISE = scene.NEVER_ENDS
store = scene.open_store(Path(sys.argv[1]))
scene.add(store, "secret", scene.SECRET, scene.EMBEDDER)
store.flush()
"""
NEVER_ENDS = """
import time
from pathlib import Path
Path(sys.argv[2]).parent.joinpath("child").write_text(str(os.getpid()))
time.sleep(600)
"""


_Value = TypeVar("_Value")


def wait_for(look: Callable[[], _Value], seconds: float = 60) -> _Value:
    """Looks until there is something."""
    end = time.monotonic() + seconds
    while not (value := look()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)
    return value


def open_store(root: Path) -> EdgeStore:
    return EdgeStoreFactory(root, EMBEDDER.digest).open(make_owner())


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EdgeStore]:
    monkeypatch.setattr(optimising, "OPTIMISE_FROM_PASSAGES", 10)
    index = open_store(tmp_path)
    add(index, "secret", SECRET, EMBEDDER)
    yield index
    index.close()


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    "failure",
    [("_OPTIMISE", "sys.exit(3)"), ("_OPTIMISE", NEVER_ENDS), ("_copy_file", full)],
    ids=["fails", "takes too long", "disk full"],
)
def test_no_copy_is_left_and_a_later_erasure_is_complete(
    tmp_path: Path,
    opened: EdgeStore,
    monkeypatch: pytest.MonkeyPatch,
    failure: tuple[str, object],
) -> None:
    monkeypatch.setattr(optimising, "_LONGEST_SECONDS", 1)
    monkeypatch.setattr(optimising, *failure)
    log = MagicMock()
    monkeypatch.setattr(store, "get_logger", lambda: log)
    opened.flush()
    assert len(list(tmp_path.glob("*/shard-*"))) == 1
    [logged] = log.error.mock_calls
    assert logged.args == (Event.INDEX_OPTIMISING_FAILED,)
    assert ask(opened, "saffron", EMBEDDER).hits
    opened.flush()  # is not tried again at once
    assert len(log.error.mock_calls) == 1
    assert opened.forget([document_id("secret")]).files_with_text == 0


def test_the_child_dies_with_the_service(tmp_path: Path) -> None:
    root = tmp_path / "indexes"
    service = subprocess.Popen([sys.executable, "-c", SERVICE, str(root)], cwd=REPOSITORY)
    try:
        [noted] = wait_for(lambda: list(root.glob("*/child")))
        child = int(wait_for(noted.read_text))
    finally:
        service.send_signal(signal.SIGKILL)
        service.wait()
    wait_for(lambda: not runs(child))
    noted.unlink()
    opened = open_store(root)
    assert len(list(root.glob("*/shard-*"))) == 1
    assert opened.forget([document_id("secret")]).files_with_text == 0
    opened.close()


def runs(process: int) -> bool:
    """Says whether a process runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
