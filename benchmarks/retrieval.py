"""What the retrieval service adds to a search in Qdrant Edge, and how fast it takes documents."""

import asyncio
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.raw_edge import RawShard
from benchmarks.result import Result, Row, Target
from benchmarks.retrieval_data import (
    DIMENSIONS,
    SyntheticEmbedder,
    documents,
    passage_text,
    queries,
)
from benchmarks.retrieval_device import Device, linked, running
from benchmarks.retrieval_service import MODELS
from pfi_client_agent.adapters.retrieval_link import OutgoingDocument
from pfi_rag.adapters.edge import EdgeStoreFactory
from pfi_rag.adapters.edge.optimising import OPTIMISE_FROM_PASSAGES
from pfi_rag.adapters.embeddings import ModelLibrary

SIZES = (1_000, 10_000, 100_000)
QUERIES = 1_000
WARM_UP = 50
SINGLE_WARM_UP = 20
LIMIT_MILLISECONDS = 3.0
EMBEDDED_DOCUMENTS, PLAIN_DOCUMENTS = 4, 100


@dataclass
class Timings:
    """Milliseconds of the same queries, one after the other on each side.

    Attributes:
        raw: Qdrant Edge alone.
        service: The service, over gRPC.
    """

    raw: list[float] = field(default_factory=list)
    service: list[float] = field(default_factory=list)

    @property
    def added(self) -> list[float]:
        """What the service took longer than Qdrant Edge, query by query."""
        return [service - raw for service, raw in zip(self.service, self.raw, strict=True)]


@dataclass
class Built:
    """How an index was built.

    Attributes:
        put_per_second: Passages that the store took in a second, with vectors.
        exact_milliseconds: Raw searches before there was a graph; only of large indexes.
        graph_seconds: Time that the graph took in the service's store, in another process.
        recall: Share of the ten nearest that the graph finds.
    """

    put_per_second: float
    exact_milliseconds: list[float] = field(default_factory=list)
    graph_seconds: float | None = None
    recall: float | None = None


def build(device: Device, raw: RawShard, size: int) -> Built:
    """Puts the same passages into the service's store and into a raw shard."""
    embedder, seconds = SyntheticEmbedder(), 0.0
    store = EdgeStoreFactory(device.state / "indexes", embedder.digest).open(device.owner)
    for record, passages in documents(size, embedder):
        started = time.perf_counter()
        store.put(record, passages)
        seconds += time.perf_counter() - started
        raw.add(passages)
    built = Built(size / seconds)
    started = time.perf_counter()
    store.flush()
    if size >= OPTIMISE_FROM_PASSAGES:
        built.graph_seconds = time.perf_counter() - started
    store.close()
    raw.flush()
    if size >= OPTIMISE_FROM_PASSAGES:
        _add_graph(raw, built, size)
    return built


def _add_graph(raw: RawShard, built: Built, size: int) -> None:
    embedder = SyntheticEmbedder()
    asked = queries(200, size)
    for text in asked:
        started = time.perf_counter()
        raw.search(text, embedder.embed_query(text))
        built.exact_milliseconds.append(1e3 * (time.perf_counter() - started))
    raw.optimize()
    shares = [
        len(raw.nearest(vector, exact=False) & raw.nearest(vector, exact=True)) / 10
        for vector in map(embedder.embed_query, asked)
    ]
    built.recall = float(np.mean(shares))


async def search(device: Device, raw: RawShard, size: int) -> Timings:
    """Asks both sides in turn, so that whatever else the machine does falls on both."""
    embedder, timings = SyntheticEmbedder(), Timings()
    with running(device, "synthetic") as endpoints:
        async with linked(device, endpoints) as link:
            for number, text in enumerate(queries(QUERIES + WARM_UP, size)):
                first = time.perf_counter()
                raw.search(text, embedder.embed_query(text))
                second = time.perf_counter()
                answer = await link.search(text)
                third = time.perf_counter()
                if not answer.passages or answer.mode != 1:
                    raise RuntimeError("the service did not search by embeddings and words")
                if number >= WARM_UP:
                    timings.raw.append(1e3 * (second - first))
                    timings.service.append(1e3 * (third - second))
    return timings


async def ingest(device: Device, model: str, count: int) -> float:
    """Adds documents through the service; gives passages in a second."""
    outgoing = [_document(number) for number in range(count)]
    with running(device, model) as endpoints:
        async with linked(device, endpoints) as link:
            await link.index()  # makes the index
            started = time.perf_counter()
            answers = [answer async for answer in link.add(outgoing)]
            seconds = time.perf_counter() - started
    return sum(answer.passages for answer in answers) / seconds


def _document(number: int) -> OutgoingDocument:
    paragraphs = [passage_text(number * 100 + each, words=80) for each in range(50)]
    return OutgoingDocument(f"added-{number}.txt", "\n\n".join(paragraphs).encode())


async def single_queries(device: Device) -> list[float]:
    """Searches over gRPC with the installed model; milliseconds of each."""
    taken = []
    with running(device, "minilm") as endpoints:
        async with linked(device, endpoints) as link:
            for number, text in enumerate(queries(200 + SINGLE_WARM_UP, 200)):
                started = time.perf_counter()
                await link.search(text)
                if number >= SINGLE_WARM_UP:
                    taken.append(1e3 * (time.perf_counter() - started))
    return taken


def one_size(size: int, runs: int) -> tuple[Built, list[Timings]]:
    """Builds the indexes of a size and searches them."""
    with tempfile.TemporaryDirectory(prefix="pfi-bench-") as name:
        folder = Path(name)
        device, raw = Device(folder), RawShard(folder / "raw", DIMENSIONS)
        built = build(device, raw, size)
        timings = [asyncio.run(search(device, raw, size)) for _ in range(runs)]
        raw.close()
    return built, timings


def ingestion_rows(runs: int) -> list[Row]:
    """Measures ingestion through the service, and searches with the real model."""
    ModelLibrary(MODELS).install(None, print)
    embedded, plain, queried = [], [], []
    for _ in range(runs):
        with tempfile.TemporaryDirectory(prefix="pfi-bench-") as name:
            device = Device(Path(name))
            embedded.append(asyncio.run(ingest(device, "minilm", EMBEDDED_DOCUMENTS)))
            queried.append(asyncio.run(single_queries(device)))
            shutil.rmtree(device.state / "indexes")
            plain.append(asyncio.run(ingest(device, "none", PLAIN_DOCUMENTS)))
    return [
        Row.of("ingestion over gRPC with MiniLM", "passages/s", embedded),
        Row.of("ingestion over gRPC, BM25 alone", "passages/s", plain),
        _percentile_row("search over gRPC with MiniLM, 200 passages: p50", queried, 50),
        _percentile_row("search over gRPC with MiniLM, 200 passages: p99", queried, 99),
    ]


def _percentile_row(what: str, series: list[list[float]], percentile: float) -> Row:
    return Row.of(what, "ms", [float(np.percentile(values, percentile)) for values in series])


def _size_rows(size: int, built: Built, timings: list[Timings]) -> list[Row]:
    rows = [
        _percentile_row(f"{side}, {size:,} passages: p{percentile}", series, percentile)
        for side, series in (
            ("service over gRPC", [item.service for item in timings]),
            ("Qdrant Edge alone", [item.raw for item in timings]),
            ("added by the service", [item.added for item in timings]),
        )
        for percentile in (50, 99)
    ]
    rows.append(
        Row.of(f"store, {size:,} passages with vectors", "passages/s", [built.put_per_second])
    )
    if built.graph_seconds is not None and built.recall is not None:
        exact = [built.exact_milliseconds]
        rows += [
            _percentile_row(f"Qdrant Edge alone, {size:,} passages, no graph: p50", exact, 50),
            Row.of(f"building the graph of {size:,}", "s", [built.graph_seconds]),
            Row.of(f"ten nearest of {size:,} that the graph finds", "share", [built.recall]),
        ]
    return rows


def _overhead(timings: list[Timings], percentile: float) -> float:
    """Median over runs of a percentile of what the service adds to a query."""
    return float(np.median([np.percentile(item.added, percentile) for item in timings]))


def measure(runs: int = 3) -> Result:
    """Builds indexes of three sizes, searches them, and adds documents."""
    rows, overheads, targets = [], {}, []
    for size in SIZES:
        built, timings = one_size(size, runs)
        rows += _size_rows(size, built, timings)
        p50, p99 = (_overhead(timings, percentile) for percentile in (50, 99))
        overheads[str(size)] = {"p50": round(p50, 3), "p99": round(p99, 3)}
        targets.append(
            Target(
                f"what the service adds to a query of Qdrant Edge, {size:,} passages",
                "service overhead below 3 ms at p99",
                f"{p99:.2f} ms (p50 {p50:.2f} ms)",
                p99 < LIMIT_MILLISECONDS,
            )
        )
    return Result(
        name="retrieval",
        about="Hybrid searches (vectors and BM25, 4 passages) in the index of one client: over "
        "gRPC with mutual TLS from another process, and in Qdrant Edge in this process. The same "
        f"passages, vectors and {QUERIES:,} queries, each asked of the one and then of the other. "
        "What the service adds is the difference of the two times of each query, so that its "
        "percentiles are of pairs.",
        rows=[*rows, *ingestion_rows(runs)],
        targets=targets,
        notes=[
            "Both sides take the text of a query, make its vector and its words, rank to the same "
            "depth by both, fuse, and read the texts of the best. Vectors are synthetic, made by a "
            "few lines of NumPy; what MiniLM adds to a query stands in the last rows. The "
            "service's times are its caller's, so they hold the caller's own gRPC, too; of logs "
            "it writes errors alone. From "
            f"{OPTIMISE_FROM_PASSAGES:,} passages an index gets a graph (HNSW).",
        ],
        measured={"overhead_milliseconds": overheads},
    )
