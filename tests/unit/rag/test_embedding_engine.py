"""The engine of the embeddings tells nobody that it runs."""

import subprocess
import sys
from pathlib import Path

_LOAD = "import pfi_rag.adapters.embeddings"


def test_loading_the_engine_leaves_no_device_id_of_its_maker(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-B", "-c", _LOAD], env={"HOME": str(tmp_path)}, check=True, cwd=tmp_path
    )

    assert list(tmp_path.rglob("*")) == []
