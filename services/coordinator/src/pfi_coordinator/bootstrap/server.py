"""Runs the coordinator."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict

from prometheus_client import CollectorRegistry

from pfi_common.clock import Clock, SystemClock
from pfi_common.identity import RevocationList
from pfi_common.identity.files import PUBLIC, write_durably
from pfi_common.open_files import FEW_OPEN_FILES, raise_open_files
from pfi_common.telemetry.events import Event as LogEvent
from pfi_common.telemetry.log import configure_logging, get_logger
from pfi_coordinator.adapters.state_folder import StateFolder
from pfi_coordinator.application.apply_event import ApplyEvent
from pfi_coordinator.application.endpoints import Endpoints
from pfi_coordinator.application.record_progress import RecordProgress
from pfi_coordinator.application.session_hub import SessionHub
from pfi_coordinator.application.show_run import RunWatchers
from pfi_coordinator.bootstrap.adapters import build_adapters
from pfi_coordinator.bootstrap.process import serving
from pfi_coordinator.bootstrap.services import Shared
from pfi_coordinator.bootstrap.store import check_store, opened_redis
from pfi_coordinator.metrics import CoordinatorMetrics
from pfi_coordinator.settings import CoordinatorSettings


def serve(settings: CoordinatorSettings) -> None:
    """Serves until SIGTERM or SIGINT, then drains.

    Raises:
        PlatformError: It cannot start; the message says what to do.
    """
    configure_logging("coordinator", settings.log_level)
    files = raise_open_files()
    if files < FEW_OPEN_FILES:
        get_logger().warning(LogEvent.OPEN_FILES_FEW, count=files)
    asyncio.run(_serve(settings))


async def _serve(settings: CoordinatorSettings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running_coordinator(settings, stop, SystemClock()) as endpoints:
        if settings.endpoints_file is not None:
            text = json.dumps(asdict(endpoints))
            write_durably(settings.endpoints_file, text.encode(), PUBLIC)
        await stop.wait()


@asynccontextmanager
async def running_coordinator(
    settings: CoordinatorSettings, stop: asyncio.Event, clock: Clock
) -> AsyncIterator[Endpoints]:
    """Serves inside the context; leaving it drains.

    Args:
        settings: Of the process.
        stop: Set to begin draining; set by leaving the context, too.
        clock: Tells the time.
    """
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(opened_redis(settings))
        adapters = build_adapters(settings, redis, clock)
        stack.push_async_callback(adapters.aggregators.close)
        folder = StateFolder(settings.state)
        guard = await check_store(redis, folder, adapters.authority, clock)
        registry = CollectorRegistry()
        metrics = CoordinatorMetrics(registry)
        shared = Shared(
            settings=settings,
            adapters=adapters,
            guard=guard,
            apply=ApplyEvent(adapters.runs, clock, metrics.observe),
            revocation_list=RevocationList(clock),
            metrics=metrics,
            metrics_registry=registry,
            hub=SessionHub(),
            watchers=RunWatchers(),
            progress=RecordProgress(adapters.board),
            draining=stop,
            clock=clock,
        )
        yield await stack.enter_async_context(serving(shared))
