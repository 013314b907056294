"""The servers and background tasks of one coordinator process."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

from pfi.coordinator.v1.certificate_service_pb2_grpc import (
    add_CertificateServiceServicer_to_server,
)
from pfi.coordinator.v1.enrolment_service_pb2_grpc import add_EnrolmentServiceServicer_to_server
from pfi.coordinator.v1.serving_service_pb2_grpc import add_ServingServiceServicer_to_server
from pfi.coordinator.v1.session_service_pb2_grpc import add_SessionServiceServicer_to_server
from pfi_common.errors import StoreUnavailableError
from pfi_common.rest.embedded_server import EmbeddedServer
from pfi_common.rest.tls_files import TlsFiles
from pfi_common.rpc.interceptor import create_interceptor
from pfi_common.rpc.options import ServerOptions
from pfi_common.rpc.server import RpcServer, build_server
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import get_logger
from pfi_coordinator.adapters.state_folder import StateFolder
from pfi_coordinator.application.endpoints import Endpoints
from pfi_coordinator.application.keep_presence import KeepPresence
from pfi_coordinator.application.known_replicas import KnownReplicas
from pfi_coordinator.application.leader.lead import Lead
from pfi_coordinator.application.route_signals import RouteSignals
from pfi_coordinator.bootstrap.leader import build_leader
from pfi_coordinator.bootstrap.services import (
    Shared,
    build_certificates,
    build_enrolment,
    build_rest,
    build_serving,
    build_sessions,
)
from pfi_coordinator.entrypoints.rest.app import build_app

ENROLMENT_OPTIONS = ServerOptions(maximum_calls=256)
"""Whoever reaches the enrolment port may call it: calls above the limit are asked to come back."""
ADMIN_CONNECTIONS = 512


class _Servers:
    """Three ports: enrolment, sessions, admin."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self.enrolment = self._rpc_server(ENROLMENT_OPTIONS)
        self.sessions = self._rpc_server()
        self.admin = EmbeddedServer(shared.settings.admin_address, connections=ADMIN_CONNECTIONS)

    def listen(self) -> KnownReplicas:
        """Binds every port; services are added before anything is answered."""
        settings, identity = self._shared.settings, self._shared.adapters.identity
        enrolment = self.enrolment.add_port(
            settings.enrolment_address, identity, require_client_certificate=False
        )
        sessions = self.sessions.add_port(
            settings.session_address, identity, require_client_certificate=True
        )
        endpoints = Endpoints(
            enrolment=self._advertised(settings.enrolment_address, enrolment),
            session=self._advertised(settings.session_address, sessions),
            admin=self._advertised(settings.admin_address, self.admin.port),
            aggregators=dict(settings.aggregators),
        )
        replicas = KnownReplicas(
            settings.replica, endpoints, self._shared.adapters.replicas, self._shared.clock
        )
        self._add_services(replicas)
        return replicas

    async def start(self, replicas: KnownReplicas) -> None:
        """Answers calls of members and of those who want to be, once others can be told of it."""
        await replicas.refresh()
        await self.enrolment.start()
        await self.sessions.start()

    def _add_services(self, replicas: KnownReplicas) -> None:
        shared, sessions = self._shared, self.sessions.grpc
        enrolment = build_enrolment(shared, replicas)
        add_EnrolmentServiceServicer_to_server(enrolment, self.enrolment.grpc)
        add_CertificateServiceServicer_to_server(build_certificates(shared, replicas), sessions)
        add_ServingServiceServicer_to_server(build_serving(shared), sessions)
        add_SessionServiceServicer_to_server(build_sessions(shared, replicas), sessions)

    def _rpc_server(self, options: ServerOptions | None = None) -> RpcServer:
        shared = self._shared
        federation = shared.adapters.authority.federation
        interceptor = create_interceptor(
            federation, shared.revocation_list, shared.metrics.rpc, shared.clock
        )
        return build_server(interceptor, options)

    def _advertised(self, address: str, port: int) -> str:
        host = self._shared.settings.advertised_host or address.rpartition(":")[0]
        return f"{host}:{port}"


@asynccontextmanager
async def serving(shared: Shared) -> AsyncIterator[Endpoints]:
    """Serves inside the context; leaving it drains.

    Streams are told to come back, open requests end, the lease is given back.
    """
    servers = _Servers(shared)
    try:
        replicas = servers.listen()
        endpoints = replicas.endpoints
        leader = build_leader(shared.adapters, shared.apply, shared.settings, shared.clock)
        presence = KeepPresence(
            shared.settings.replica, shared.adapters.presence, shared.hub, shared.guard
        )
        shared.metrics.watch(
            sessions=lambda: len(shared.hub),
            leading=lambda: float(leader.leading),
            waits=leader.waits,
            clock=shared.clock,
        )
        await presence.start()
        await servers.start(replicas)
        async with asyncio.TaskGroup() as group:
            works = [*_background(shared, leader, presence), replicas.run()]
            background = [group.create_task(work) for work in works]
            fronts = [group.create_task(work) for work in _fronts(shared, servers, endpoints)]
            get_logger().info(Event.COORDINATOR_LISTENING, endpoint=endpoints.session)
            try:
                yield endpoints
            finally:
                shared.draining.set()
                shared.hub.wake_all()
                shared.watchers.close()
                servers.admin.stop()
                await asyncio.gather(*fronts)
                for task in background:
                    task.cancel()
    finally:
        servers.admin.close()
        with suppress(StoreUnavailableError):
            await shared.adapters.presence.clear(shared.settings.replica)


def _background(
    shared: Shared, leader: Lead, presence: KeepPresence
) -> list[Coroutine[Any, Any, None]]:
    listeners = (leader.notice, shared.hub.notice, shared.watchers.notice, presence.notice)
    signals = RouteSignals(shared.adapters.signals, shared.settings.replica, listeners)
    return [
        shared.adapters.revocations.follow(shared.revocation_list),
        presence.run(),
        signals.run(),
        shared.progress.run(),
        leader(),
    ]


def _fronts(
    shared: Shared, servers: _Servers, endpoints: Endpoints
) -> list[Coroutine[Any, Any, None]]:
    app = build_app(build_rest(shared, endpoints, partial(_not_ready, shared)))
    grace_seconds = shared.settings.drain_seconds
    tls = TlsFiles(StateFolder(shared.settings.state).identity)
    return [
        servers.enrolment.serve_until(shared.draining, grace_seconds),
        servers.sessions.serve_until(shared.draining, grace_seconds),
        servers.admin.serve(app, tls),
    ]


def _not_ready(shared: Shared) -> str:
    """Says why this process cannot serve, by what it knows already; empty while it can."""
    if shared.draining.is_set():
        return "draining"
    if not shared.guard.answers:
        return "Redis does not answer"
    # Over a wiped store, which lets no client in, it still tells people what has happened.
    if shared.guard.intact and shared.revocation_list.stale():
        return "the revocation list is too old"
    return ""
