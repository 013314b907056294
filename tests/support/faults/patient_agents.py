"""Clients without a model, in a thread of their own: they send random updates until they are taken.

What a client sends depends on its task's seed alone, so a test can compute every payload again.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterable, Mapping
from hashlib import sha256

import numpy as np
from tests.support.aggregator.server import ClientLink
from tests.support.coordinator.agent import Enrolled, Talk, TestAgent, enrol

from pfi.aggregator.v1 import update_service_pb2
from pfi.aggregator.v1.ticket_pb2 import UpdateReceipt
from pfi.common.v1.signed_pb2 import SignedStatement
from pfi.coordinator.v1 import session_service_pb2, task_pb2
from pfi_common.errors import PlatformError
from pfi_common.identity import JoinToken
from pfi_common.rpc.chunks import iter_chunks
from pfi_common.rpc.errors import translated
from pfi_common.tensors import Schema, encode

EXAMPLES = 10
PAUSE_SECONDS = 0.2
START_SECONDS = 60.0


class PatientAgent(TestAgent):
    """Goes on after every failure, and stops work that is taken back."""

    def __init__(self, enrolled: Enrolled, gate: asyncio.Event) -> None:
        super().__init__(enrolled, None)
        self.gate = gate
        self.tasks: dict[str, task_pb2.Task] = {}
        self._working: dict[str, asyncio.Task] = {}

    def vector(self, task: task_pb2.Task) -> np.ndarray:
        return vector_of(task.seed, Schema.from_proto(task.schema).coordinate_count)

    async def upload(self, task: task_pb2.Task) -> SignedStatement:
        payload = encode(task.train.upload_encoding, self.vector(task))
        header = update_service_pb2.UpdateHeader(
            ticket=task.train.ticket,
            encoding=task.train.upload_encoding,
            payload_bytes=len(payload),
            payload_sha256=sha256(payload).hexdigest(),
            example_count=EXAMPLES,
            steps_done=1,
            base_digest=task.base.digest,
        )

        async def messages() -> AsyncIterator[update_service_pb2.UploadUpdateRequest]:
            yield update_service_pb2.UploadUpdateRequest(header=header)
            for chunk in iter_chunks(memoryview(payload), 0):
                yield update_service_pb2.UploadUpdateRequest(chunk=chunk)

        target = self.enrolled.response.endpoints.aggregators[task.spool]
        link = ClientLink(target, self.enrolled.identity)
        async with link.channel:
            with translated():
                response = await link.updates.UploadUpdate(messages(), timeout=60)
        self.receipts[task.task] = UpdateReceipt.FromString(response.receipt.payload)
        return response.receipt

    async def run(self) -> None:
        while True:
            talk = Talk(self.enrolled.response.endpoints.coordinator, self.enrolled.identity)
            try:
                await self._session(talk)
            except PlatformError:
                await asyncio.sleep(PAUSE_SECONDS)
            finally:
                for work in self._working.values():
                    work.cancel()
                self._working.clear()
                await talk.close()

    async def _session(self, talk: Talk) -> None:
        while (message := await talk.receive(seconds=600)) is not None:
            if isinstance(message, task_pb2.Task) and message.task not in self._working:
                self.tasks[message.task] = message
                self._working[message.task] = asyncio.create_task(self._answer(talk, message))
            elif isinstance(message, session_service_pb2.TaskCancelled):
                self.cancelled.add(message.task)
                if message.task in self._working:
                    self._working.pop(message.task).cancel()
            elif isinstance(message, session_service_pb2.RoundSettled):
                self.settled.add((message.run, message.round))

    async def _answer(self, talk: Talk, task: task_pb2.Task) -> None:
        await self.gate.wait()
        while True:
            try:
                answer = await self.work(task)
            except PlatformError as error:
                if not error.retryable:
                    return
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                talk.send(answer)
                return


def vector_of(seed: int, coordinates: int) -> np.ndarray:
    """What a client sends for a task's seed."""
    drawn = np.random.default_rng(seed).standard_normal(coordinates, dtype=np.float32)
    return drawn * np.float32(0.01)


class PatientAgents:
    """Several of them.

        with PatientAgents() as agents:
            agents.join(tokens, authority_pem)
            agents.hold()       # whoever gets a task waits with it
            agents.let_go()

    Attributes:
        agents: By client id.
    """

    def __init__(self) -> None:
        self.agents: dict[str, PatientAgent] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._gates: dict[str, asyncio.Event] = {}
        self._tasks: list[asyncio.Task] = []

    def __enter__(self) -> "PatientAgents":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def join(self, tokens: Iterable[str], authority_pem: bytes) -> None:
        """Enrols one client with each token and lets it work."""
        for token in tokens:
            self._do(self._join(JoinToken.decode(token), authority_pem))

    def hold(self, clients: Iterable[str] | None = None) -> None:
        """Lets clients, all by default, wait before they upload."""
        for client in self.agents if clients is None else clients:
            self._loop.call_soon_threadsafe(self._gates[client].clear)

    def let_go(self, clients: Iterable[str] | None = None) -> None:
        """Lets clients, all by default, upload."""
        for client in self.agents if clients is None else clients:
            self._loop.call_soon_threadsafe(self._gates[client].set)

    def receipts(self) -> Mapping[str, UpdateReceipt]:
        """The receipts that clients hold, by task."""
        return {
            task: receipt
            for agent in self.agents.values()
            for task, receipt in list(agent.receipts.items())
        }

    def dealt(self, run: str) -> Mapping[str, str]:
        """The spool of each client's newest update task of a run."""
        return {
            client: task.spool
            for client, agent in self.agents.items()
            for task in list(agent.tasks.values())
            if task.run == run and task.WhichOneof("work") == "train"
        }

    def _do(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(START_SECONDS)

    async def _join(self, token: JoinToken, authority_pem: bytes) -> None:
        enrolled, gate = await enrol(token, authority_pem), asyncio.Event()
        gate.set()
        agent = PatientAgent(enrolled, gate)
        self.agents[agent.client], self._gates[agent.client] = agent, gate
        self._tasks.append(asyncio.create_task(agent.run()))

    async def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
