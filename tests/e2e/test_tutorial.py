"""The tutorial works as it stands: its commands are run in order, in an empty folder."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pfi_cli.local.waiting import wait_until
from pfi_cli.settings import inherited_environment

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]

REPOSITORY = Path(__file__).resolve().parents[2]
TUTORIAL = REPOSITORY / "docs" / "tutorials" / "first-federation.md"
SETTING_UP = ("make demo", ". .venv/bin/activate")
CONNECT_SECONDS = 300


def shell_blocks() -> list[str]:
    """The tutorial's commands, without setting up."""
    blocks = re.findall(r"^```sh\n(.*?)^```", TUTORIAL.read_text(), re.DOTALL | re.MULTILINE)
    return [block for block in blocks if block.strip() not in SETTING_UP]


def python_block() -> str:
    (block,) = re.findall(r"^```python\n(.*?)^```", TUTORIAL.read_text(), re.DOTALL | re.MULTILINE)
    return block


class Reader:
    """Somebody who types what the tutorial says, in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        environment = inherited_environment()
        path = f"{Path(sys.executable).parent}:{environment['PATH']}"
        self._environment = environment | {"PATH": path, "OMP_NUM_THREADS": "1"}
        self._agents: list[subprocess.Popen] = []

    def type(self, block: str) -> str:
        """Types a block; agents go on in terminals of their own."""
        if block.startswith("pfi-agent start"):
            self._agents.append(self._start(f"exec {block}", stdout=None))
            return ""
        process = self._start(block, stdout=subprocess.PIPE)
        output, _ = process.communicate(timeout=300)
        assert process.returncode == 0, f"{block}\n{output}"
        return output

    def _start(self, block: str, stdout: int | None) -> subprocess.Popen:
        return subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", block],
            cwd=self._folder, env=self._environment, stdout=stdout, text=True,
        )  # fmt: skip

    def wait_for_clients(self, count: int) -> None:
        def connected() -> bool:
            assert all(agent.poll() is None for agent in self._agents)
            return self.type("pfi client list --json").count('"connected": true') >= count

        assert wait_until(connected, CONNECT_SECONDS)

    def leave(self) -> None:
        """Ctrl-C in every terminal."""
        for agent in self._agents:
            agent.terminate()
        for agent in self._agents:
            agent.wait(timeout=60)


@pytest.fixture
def reader(tmp_path):
    reader = Reader(tmp_path)
    try:
        yield reader
    finally:
        reader.leave()
        subprocess.run([Path(sys.executable).with_name("pfi"), "down"], cwd=tmp_path, check=False)


def test_the_tutorial_works(reader, tmp_path):
    import pfi_cli.demo.backbone

    blocks = shell_blocks()
    *before, listing, run, results, down = blocks
    for block in before:
        reader.type(block)
    reader.wait_for_clients(2)
    assert "ada" in reader.type(listing)
    reader.type(run)
    assert "ben" in reader.type(results)
    names = {path.name for path in (tmp_path / "river-adapter").iterdir()}
    assert {"adapter_config.json", "adapter_model.safetensors"} <= names
    backbone = next(iter(pfi_cli.demo.backbone.__path__))
    program = python_block().replace("path/to/the/backbone", backbone)
    reader.type(f"python - <<'PY'\n{program}\nPY")
    assert list((tmp_path / ".pfi" / "agents" / "ada" / "personal").iterdir())
    reader.leave()
    reader.type(down)
