"""A real coordinator, and a real aggregator beside it, in the test's own process."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from tests.support.coordinator.agent import Enrolled, TestAgent, enrol
from tests.support.coordinator.values import SCHEMA, description_document, spec_document
from tests.support.redis import mark_federation

from pfi_aggregator.bootstrap.server import running_aggregator
from pfi_aggregator.settings import AggregatorSettings
from pfi_common.clock import Clock, SystemClock
from pfi_common.identity import CertificateAuthority, JoinToken
from pfi_coordinator.application.endpoints import Endpoints
from pfi_coordinator.bootstrap.identities import initialise, issue_service
from pfi_coordinator.bootstrap.server import running_coordinator
from pfi_coordinator.bootstrap.store import create_api_key
from pfi_coordinator.domain.scopes import Scope
from pfi_coordinator.settings import CoordinatorSettings

SPOOL = "spool-0"
LOOPBACK = ("localhost", "127.0.0.1")


@dataclass
class Site:
    """Folders, identities and settings, from which services can be started again and again."""

    folder: Path
    redis_url: str
    authority: CertificateAuthority
    aggregator_address: str = "127.0.0.1:0"

    @classmethod
    def make(cls, folder: Path, redis_url: str) -> "Site":
        clock = SystemClock()
        authority = initialise(folder / "coordinator", "test", LOOPBACK, clock)
        out = folder / "aggregator" / "identity"
        issue_service(folder / "coordinator", f"aggregator/{SPOOL}", out, LOOPBACK, clock)
        return cls(folder, redis_url, authority)

    def settings(self, **changes: object) -> CoordinatorSettings:
        values = {
            "state": self.folder / "coordinator",
            "redis_url": self.redis_url,
            "artifacts_url": f"file://{self.folder}/artifacts",
            "aggregators": {SPOOL: self.aggregator_address},
            "drain_seconds": 5,
            "retry_first_seconds": 0.05,
        }
        return CoordinatorSettings(**(values | changes))

    @asynccontextmanager
    async def aggregator(self) -> AsyncIterator[None]:
        """Runs the aggregator; it keeps its port over restarts."""
        mark_federation(self.redis_url, self.authority.fingerprint)
        settings = AggregatorSettings(
            state=self.folder / "aggregator",
            spool=self.folder / "spool",
            spool_name=SPOOL,
            artifacts_url=f"file://{self.folder}/artifacts",
            redis_url=self.redis_url,
            address=self.aggregator_address,
            drain_seconds=1,
        )
        async with running_aggregator(settings, asyncio.Event(), SystemClock()) as endpoints:
            self.aggregator_address = endpoints.aggregator
            yield

    @asynccontextmanager
    async def coordinator(
        self, clock: Clock | None = None, **changes: object
    ) -> AsyncIterator["RunningCoordinator"]:
        """Runs a coordinator until the block ends."""
        settings = self.settings(**changes)
        clock = clock or SystemClock()
        key = await create_api_key(settings, "test", frozenset(Scope), clock)
        async with AsyncExitStack() as stack:
            serving = running_coordinator(settings, asyncio.Event(), clock)
            endpoints = await stack.enter_async_context(serving)
            context = ssl.create_default_context(cadata=self.authority.certificate_pem.decode())
            admin = await stack.enter_async_context(
                httpx.AsyncClient(
                    base_url=f"https://{endpoints.admin}",
                    verify=context,
                    headers={"Authorization": f"Bearer {key}"},
                    timeout=90,
                    trust_env=False,
                )
            )
            running = RunningCoordinator(self, endpoints, admin)
            await running.wait_until_ready()
            yield running

    @asynccontextmanager
    async def coordinator_beside_restarting_aggregator(self):
        """Runs both; gives the coordinator, and a function that restarts the aggregator."""
        async with AsyncExitStack() as stack:
            aggregator = await stack.enter_async_context(AsyncExitStack())
            await aggregator.enter_async_context(self.aggregator())

            async def restart() -> None:
                await aggregator.aclose()
                await aggregator.enter_async_context(self.aggregator())

            coordinator = await stack.enter_async_context(self.coordinator())
            yield coordinator, restart

    @asynccontextmanager
    async def both(self, **changes: object) -> AsyncIterator["RunningCoordinator"]:
        """Runs the aggregator and the coordinator."""
        async with self.aggregator(), self.coordinator(**changes) as running:
            yield running


@dataclass
class RunningCoordinator:
    """A running coordinator and its admin API."""

    site: Site
    endpoints: Endpoints
    admin: httpx.AsyncClient

    async def wait_until_ready(self) -> None:
        async with asyncio.timeout(60):
            while (await self.admin.get("/readyz")).status_code != 200:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def token(self, **body: object) -> JoinToken:
        response = await self.admin.post("/v1/tokens", json=body)
        assert response.status_code == 201, response.text
        return JoinToken.decode(response.json()["token"])

    async def enrol(self, name: str = "", key=None) -> Enrolled:
        return await enrol(await self.token(), self.site.authority.certificate_pem, name, key)

    async def agents(self, count: int) -> list[TestAgent]:
        return [TestAgent(await self.enrol(f"Agent {index}"), SCHEMA) for index in range(count)]

    async def submit(self, **changes: object) -> dict:
        body = {"spec": spec_document(**changes), "description": description_document()}
        response = await self.admin.post("/v1/runs", json=body)
        assert response.status_code == 201, response.text
        return response.json()

    async def show(self, run: str, after_revision: int = -1, wait_seconds: float = 0) -> dict:
        params = {"after_revision": after_revision, "wait_seconds": wait_seconds}
        response = await self.admin.get(f"/v1/runs/{run}", params=params)
        assert response.status_code == 200, response.text
        return response.json()

    async def until(self, run: str, condition, seconds: float = 60) -> dict:
        """Watches a run by long polls until a condition holds."""
        shown = await self.show(run)
        async with asyncio.timeout(seconds):
            while not condition(shown):
                shown = await self.show(run, shown["revision"], 30)
        return shown


@asynccontextmanager
async def working(agents: list[TestAgent]) -> AsyncIterator[None]:
    """Lets agents work while the block runs."""
    tasks = [asyncio.create_task(agent.run()) for agent in agents]
    try:
        yield
    finally:
        failures = [task.exception() for task in tasks if task.done() and not task.cancelled()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert failures == []
