"""Runs the aggregator."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from pfi.aggregator.v1 import (
    round_service_pb2_grpc,
)
from pfi_aggregator.adapters.durable import write_durably
from pfi_aggregator.adapters.heap import tune_heap
from pfi_aggregator.application.blocking import in_thread
from pfi_aggregator.application.sweep_uploads import SweepUploads
from pfi_aggregator.bootstrap.graph import Graph, build_graph
from pfi_aggregator.entrypoints.adapter_servicer import add_adapter_servicer
from pfi_aggregator.entrypoints.update_servicer import add_update_servicer
from pfi_aggregator.metrics import AggregatorMetrics
from pfi_aggregator.settings import AggregatorSettings
from pfi_common.clock import Clock, SystemClock
from pfi_common.errors import PlatformError
from pfi_common.identity import RevocationList
from pfi_common.identity.redis_revocations import RedisRevocations
from pfi_common.open_files import raise_open_files
from pfi_common.rpc.interceptor import create_interceptor
from pfi_common.rpc.server import RpcServer, build_server
from pfi_common.telemetry.endpoint import OperationsEndpoint
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import configure_logging, get_logger

_SWEEP_SECONDS = 60.0
_REDIS_CONNECT_TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True)
class Endpoints:
    """Where a running aggregator listens, as host:port."""

    aggregator: str
    operations: str


def serve(settings: AggregatorSettings) -> None:
    """Serves until SIGTERM or SIGINT, then drains.

    Raises:
        PlatformError: it cannot start; the message says what to do.
    """
    configure_logging("aggregator", settings.log_level)
    tune_heap()
    raise_open_files()
    asyncio.run(_serve(settings))


async def _serve(settings: AggregatorSettings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running_aggregator(settings, stop, SystemClock()) as endpoints:
        if settings.endpoints_file is not None:
            text = json.dumps(
                {"aggregator": endpoints.aggregator, "operations": endpoints.operations}
            )
            write_durably(settings.endpoints_file, text.encode())
        await stop.wait()


@asynccontextmanager
async def running_aggregator(
    settings: AggregatorSettings, stop: asyncio.Event, clock: Clock
) -> AsyncIterator[Endpoints]:
    """Serves inside the context; leaving it drains.

    Args:
        settings: Of the process.
        stop: Set to begin draining; set by leaving the context, too.
        clock: Tells the time.
    """
    async with AsyncExitStack() as stack:
        registry = CollectorRegistry()
        metrics = AggregatorMetrics(registry)
        graph = build_graph(settings, metrics, clock)
        stack.callback(graph.lock.close)
        redis = _connect(settings.redis_url)
        stack.push_async_callback(redis.aclose)
        revocations = RevocationList(clock)
        federation = graph.identity.identity.federation
        server = build_server(create_interceptor(federation, revocations, metrics.rpc, clock))
        address = _listen(settings, graph, server)
        operations = _operations(
            settings, registry, lambda: not stop.is_set() and not revocations.stale()
        )
        stack.callback(operations.stop)
        endpoints = Endpoints(address, _join(settings.operations_address, operations.start()))
        await server.start()
        get_logger().info(Event.AGGREGATOR_LISTENING, address=endpoints.aggregator)
        async with asyncio.TaskGroup() as group:
            endless = (
                RedisRevocations(redis).follow(revocations),
                _sweep(graph.sweep),
                graph.folding.run(),
            )
            background = [group.create_task(work) for work in endless]
            drained = group.create_task(server.serve_until(stop, settings.drain_seconds))
            group.create_task(_close(graph, stop))
            try:
                yield endpoints
            finally:
                stop.set()
                await drained
                for task in background:
                    task.cancel()


def _connect(url: str) -> Redis:
    # No time limit on the socket: with one, redis-py sends through asyncio.wait_for, which on
    # Python 3.11 may swallow the cancellation at the end. RedisRevocations limits whole calls.
    return Redis.from_url(
        url, socket_timeout=None, socket_connect_timeout=_REDIS_CONNECT_TIMEOUT_SECONDS
    )


def _listen(settings: AggregatorSettings, graph: Graph, server: RpcServer) -> str:
    add_update_servicer(graph.updates, server.grpc)
    add_adapter_servicer(graph.adapters, server.grpc)
    round_service_pb2_grpc.add_RoundServiceServicer_to_server(graph.rounds, server.grpc)
    port = server.add_port(settings.address, graph.identity, require_client_certificate=True)
    return _join(settings.address, port)


def _operations(
    settings: AggregatorSettings, registry: CollectorRegistry, ready: Callable[[], bool]
) -> OperationsEndpoint:
    host, _, port = settings.operations_address.rpartition(":")
    return OperationsEndpoint(registry, host, int(port), ready)


def _join(address: str, port: int) -> str:
    """Gives an address with the port that was bound in place of the one that was asked for."""
    return f"{address.rpartition(':')[0]}:{port}"


async def _sweep(sweep: SweepUploads) -> None:
    while True:
        try:
            await sweep.run()
        except (OSError, PlatformError) as error:
            get_logger().error(Event.SWEEP_FAILED, error=error)
        await asyncio.sleep(_SWEEP_SECONDS)


async def _close(graph: Graph, stop: asyncio.Event) -> None:
    """Ends what would otherwise hold up the drain: streams, and reading uploads back at its end."""
    await stop.wait()
    graph.bells.close()
    await in_thread(graph.folding.ahead.close)
