"""Answers on the device: time to the first text, time to the whole answer, tokens per second.

Asked over HTTP, as an application does, of the demo backbone with a shared and a personal adapter
merged into it. The passages are given, so retrieval is not part of it.
"""

import asyncio
import json
import logging
import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import httpx
import numpy as np

from benchmarks.result import Result, Row
from benchmarks.workload import BACKBONE
from pfi_cli.demo.client_facts import client_passages, client_questions
from pfi_client_agent.adapters.answering_thread import AnsweringThread
from pfi_client_agent.adapters.digest_cache import DigestCache
from pfi_client_agent.adapters.learning.description import describe_backbone
from pfi_client_agent.adapters.serving.engine import TorchAnswerEngine
from pfi_client_agent.adapters.serving_log_observer import ServingLogObserver
from pfi_client_agent.application.ports import AnswerEngine
from pfi_client_agent.application.serving.answers import Answers
from pfi_client_agent.application.serving.retrieval import Found, Retrieval
from pfi_client_agent.application.serving.state import ServingState
from pfi_client_agent.application.serving.turns import Turns
from pfi_client_agent.domain.answering import AdapterWeights, Citation
from pfi_client_agent.domain.personal_schema import personal_schema
from pfi_client_agent.domain.serving import AdapterSet
from pfi_client_agent.entrypoints.answers_api.app import ApiParts, build_app
from pfi_client_agent.entrypoints.answers_api.server import AnswersServer
from pfi_common.clock import SystemClock
from pfi_common.spec import parse_run_spec
from pfi_common.tensors import Schema

LONG_TOKENS = 200
TOKEN = "benchmark"  # noqa: S105 - of a server that lives as long as the measurement
SCALE = 1e-3


class GivenPassages(Retrieval):
    """Passages without a search."""

    def __init__(self, passages: list[str]) -> None:
        self._passages = passages

    async def find(self, question: str, limit: int) -> Found:
        """Gives the first passages."""
        del question
        return Found([_citation(text) for text in self._passages[:limit]], "bm25")

    async def close(self) -> None:
        """Nothing to close."""


def _citation(text: str) -> Citation:
    return Citation("d", "facts.txt", (), 0, 1, 1, 1.0, text)


def adapters(schema: Schema) -> AdapterSet:
    """Small random adapters: they cost what trained ones cost."""
    source = np.random.default_rng(1)
    own = personal_schema(schema, rank=4, alpha=8)
    layers = [
        AdapterWeights(
            each, source.normal(scale=SCALE, size=each.coordinate_count).astype(np.float32)
        )
        for each in (schema, own)
    ]
    return AdapterSet(shared=layers[0], personal=layers[1])


def serve(passages: list[str], found: "Connection[str, None]") -> None:
    """Serves until the process is ended; says where."""
    logging.disable()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_serve(Path(folder), passages, found))


async def _serve(folder: Path, passages: list[str], found: "Connection[str, None]") -> None:
    cache = DigestCache(folder / "digests.json")
    spec = parse_run_spec({
        "name": "benchmark",
        "backbone": {"model": BACKBONE},
        "adapter": {"rank": 8, "alpha": 16, "target_modules": ["q_proj", "v_proj"]},
    })  # fmt: skip
    schema = describe_backbone(spec, Path(BACKBONE), cache).adapter_schema
    thread = AnsweringThread(lambda: TorchAnswerEngine(cache, Path(BACKBONE), threads=1))
    state = ServingState()

    def install(engine: AnswerEngine) -> None:
        state.install(engine, adapters(schema), None)

    await thread.run(install)
    answers = Answers(thread, state, GivenPassages(passages), Turns(8))
    server = AnswersServer("127.0.0.1:0")
    found.send(server.url)
    await server.serve(build_app(ApiParts(answers, SystemClock(), ServingLogObserver(), TOKEN)))


@contextmanager
def serving(passages: list[str]) -> Iterator[str]:
    """Serves in a process of its own, as an agent does; gives the address."""
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=serve, args=(passages, sending), daemon=True)
    process.start()
    try:
        yield receiving.recv()
    finally:
        process.terminate()
        process.join()


async def ask(
    client: httpx.AsyncClient, question: str, passages: int, **more: object
) -> dict[str, float]:
    """Asks once, streaming; gives seconds to the first text and to the end, and tokens."""
    body = {
        "model": "pfi",
        "messages": [{"role": "user", "content": question}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "pfi": {"documents": passages > 0, "passages": max(1, passages)},
        **more,
    }
    started, first = time.perf_counter(), None
    usage: dict[str, int] = {}
    async with client.stream("POST", "/v1/chat/completions", json=body) as response:
        response.raise_for_status()
        async for line in response.aiter_lines():
            if not line.startswith("data: {"):
                continue
            event = json.loads(line.removeprefix("data: "))
            usage = event.get("usage") or usage
            if first is None and any(choice["delta"].get("content") for choice in event["choices"]):
                first = time.perf_counter() - started
    seconds = time.perf_counter() - started
    return {"first": first or seconds, "seconds": seconds, "tokens": usage["completion_tokens"]}


async def _measure(runs: int) -> Result:
    questions = [item.text for item in client_questions(0, 1, count=runs)]
    passages = [item.text for item in client_passages(0, 1)]
    rows = []
    headers = {"authorization": f"Bearer {TOKEN}"}
    with serving(passages) as url:
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as client:
            for _ in range(3):
                await ask(client, questions[0], 4)
            for count in (0, 4):
                found = [await ask(client, question, count) for question in questions]
                what = f"with {count} passages" if count else "without passages"
                rows += [
                    Row.of(f"to the first text, {what}", "ms", [1e3 * f["first"] for f in found]),
                    Row.of(f"whole answer, {what}", "ms", [1e3 * f["seconds"] for f in found]),
                ]
            long = [
                await ask(client, question, 0, max_tokens=LONG_TOKENS, temperature=2.0, seed=seed)
                for seed, question in enumerate(questions)
            ]
    pace = [
        (each["tokens"] - 1) / (each["seconds"] - each["first"])
        for each in long
        if each["tokens"] >= LONG_TOKENS // 2
    ]
    rows.append(Row.of("after the first text, long answers", "tokens/s", pace))
    return Result(
        name="answers",
        about="Demo backbone with a shared and a personal adapter merged into it, one thread, over "
        "HTTP on loopback with streaming.",
        rows=rows,
    )


def measure(runs: int = 50) -> Result:
    """Asks the demo's questions, and measures."""
    return asyncio.run(_measure(runs))
