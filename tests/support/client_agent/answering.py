"""An API that answers in the test's event loop, and clients of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import openai
from tests.support.grpc_server import eventually

from pfi_client_agent.adapters.serving_folder import ServingFolder
from pfi_client_agent.adapters.state_folder import StateFolder
from pfi_client_agent.application.serving.passport import Passport
from pfi_client_agent.bootstrap_serving import ServingOptions
from pfi_client_agent.entrypoints.answers_api.server import AnswersServer
from pfi_client_agent.entrypoints.answers_process import Api
from pfi_common.clock import SystemClock
from pfi_common.rpc.channel import secure_channel

POLL_SECONDS = 0.02


@dataclass
class ToldServing:
    """Remembers what an observer is told."""

    urls: list[str] = field(default_factory=list)
    adapters: list[Any] = field(default_factory=list)
    refusals: list[Any] = field(default_factory=list)
    unreachable: list[Any] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)
    failures: list[Any] = field(default_factory=list)

    def ready(self, url) -> None:
        self.urls.append(url)

    def adapter_changed(self, adapters) -> None:
        self.adapters.append(adapters)

    def adapter_refused(self, refusal) -> None:
        self.refusals.append(refusal)

    def federation_unreachable(self, error, delay_seconds) -> None:
        self.unreachable.append(error)

    def answered(self, adapter, tokens, seconds) -> None:
        self.answers.append((adapter, tokens, seconds))

    def answer_failed(self, error) -> None:
        self.failures.append(error)


@dataclass
class RunningApi:
    """An API that runs.

    Attributes:
        url: Its root.
        token: Its token.
        told: What its observer was told.
        client: The official client.
        raw: A plain HTTP client without a token.
    """

    url: str
    token: str
    told: ToldServing
    client: openai.AsyncOpenAI
    raw: httpx.AsyncClient

    async def ask(self, question="what is it?", **more) -> Any:
        """Ask without streaming."""
        return await self.client.chat.completions.create(**request(question, **more))

    async def stream(self, question="what is it?", **more) -> list[Any]:
        """Ask with streaming; gives all chunks."""
        made = await self.client.chat.completions.create(**request(question, **more), stream=True)
        return [chunk async for chunk in made]

    async def until_version(self, version: int) -> None:
        """Wait until a version answers."""
        await eventually(
            lambda: any(
                told.published is not None and told.published.version == version
                for told in self.told.adapters
            ),
            timeout_seconds=60,
        )


def request(question, *, model="pfi", max_tokens=12, pfi=None, **more) -> dict[str, Any]:
    """A request of the official client."""
    extra = {"extra_body": {"pfi": pfi}} if pfi is not None else {}
    return {
        "model": model,
        "messages": [{"role": "user", "content": question}],
        "max_tokens": max_tokens,
        **extra,
        **more,
    }


def text_of(answer) -> str:
    """The text of an answer that was not streamed."""
    return answer.choices[0].message.content


def extension(answer) -> dict[str, Any]:
    """The object `pfi` of an answer or a chunk."""
    return answer.model_extra["pfi"]


@asynccontextmanager
async def running_api(
    folder: StateFolder, *, observer=None, address="127.0.0.1:0", **options
) -> AsyncIterator[RunningApi]:
    """Answer while the block runs, as `pfi-agent serve` does."""
    told = ToldServing()
    stop = asyncio.Event()
    server = AnswersServer(address)
    api = Api(folder, server, ServingOptions(**{"poll_seconds": POLL_SECONDS} | options), told)
    passport = Passport(folder, SystemClock(), secure_channel, observer)
    running = asyncio.create_task(api.run(passport.current, stop))
    await eventually(lambda: told.urls or running.done(), timeout_seconds=60)
    if running.done():
        running.result()
    token = ServingFolder(folder).token()
    client = openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key=token, max_retries=0)
    async with client, httpx.AsyncClient(base_url=server.url) as raw:
        try:
            yield RunningApi(server.url, token, told, client, raw)
        finally:
            stop.set()
            await running
