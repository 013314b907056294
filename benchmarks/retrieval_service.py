"""The retrieval service as a process, with a model that costs nothing or the installed one.

`python -m benchmarks.retrieval_service STATE MODEL`; MODEL is `synthetic`, `minilm` or `none`.
Writes STATE/endpoints.json when it listens, and stops at SIGTERM.
"""

import asyncio
import signal
import sys
from pathlib import Path

from benchmarks.retrieval_data import SyntheticEmbedder
from pfi_common.clock import Clock, SystemClock
from pfi_common.telemetry.log import configure_logging
from pfi_rag.adapters.edge import EdgeStoreFactory
from pfi_rag.adapters.embeddings import load_embedder
from pfi_rag.application.ports import Embedder
from pfi_rag.bootstrap.graph import Graph, wire
from pfi_rag.bootstrap.server import running_service
from pfi_rag.metrics import RagMetrics
from pfi_rag.settings import RagSettings

MODELS = Path.home() / ".cache" / "pfi-bench" / "rag-models"
"""Where the benchmark installs the model, beside what the user has."""


def choose_model(name: str, settings: RagSettings) -> Embedder | None:
    """Gives the model that was asked for."""
    if name == "minilm":
        return load_embedder(settings.models)
    return SyntheticEmbedder() if name == "synthetic" else None


async def run(state: Path, model: str) -> None:
    """Serves until SIGTERM."""
    settings = RagSettings(state=state, models=MODELS, rest_address="", log_level="ERROR")
    embedder = choose_model(model, settings)

    def build(given: RagSettings, metrics: RagMetrics, clock: Clock) -> Graph:
        factory = EdgeStoreFactory(state / "indexes", embedder.digest if embedder else None)
        return wire(factory, embedder, given, metrics, clock)

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with running_service(settings, stop, SystemClock(), build) as endpoints:
        partial = state / "endpoints.partial"
        partial.write_text(endpoints.text())
        partial.rename(state / "endpoints.json")
        await stop.wait()


if __name__ == "__main__":
    configure_logging("rag", "ERROR")
    asyncio.run(run(Path(sys.argv[1]), sys.argv[2]))
