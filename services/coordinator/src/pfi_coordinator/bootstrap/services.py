"""Wires the gRPC services and the admin API."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version

from prometheus_client import CollectorRegistry

from pfi_common.clock import Clock
from pfi_common.identity import RevocationList
from pfi_coordinator.application.api_keys import Authorize
from pfi_coordinator.application.apply_event import ApplyEvent
from pfi_coordinator.application.cancel_run import CancelRun
from pfi_coordinator.application.certify_client import CertifyClient
from pfi_coordinator.application.change_device import ChangeDevice
from pfi_coordinator.application.create_token import CreateToken
from pfi_coordinator.application.ended_runs import FindEndedRuns
from pfi_coordinator.application.endpoints import Endpoints
from pfi_coordinator.application.enrol_client import EnrolClient
from pfi_coordinator.application.export_adapter import ExportAdapter
from pfi_coordinator.application.extend_run import ExtendRun
from pfi_coordinator.application.guard_store import GuardStore
from pfi_coordinator.application.known_replicas import KnownReplicas
from pfi_coordinator.application.list_adapters import ListAdapters
from pfi_coordinator.application.list_clients import ListClients
from pfi_coordinator.application.list_runs import ListRuns
from pfi_coordinator.application.open_session import OpenSession
from pfi_coordinator.application.pace_sessions import PaceSessions
from pfi_coordinator.application.pause_run import PauseRun, ResumeRun
from pfi_coordinator.application.rate_limit import RateLimit
from pfi_coordinator.application.record_progress import RecordProgress
from pfi_coordinator.application.record_result import RecordResult
from pfi_coordinator.application.renew_certificate import RenewCertificate
from pfi_coordinator.application.renew_expired_certificate import RenewExpiredCertificate
from pfi_coordinator.application.restart_run import RestartRun
from pfi_coordinator.application.revoke_client import AbandonTasks, RevokeClient
from pfi_coordinator.application.serving_adapter import FindServingAdapter
from pfi_coordinator.application.session_hub import SessionHub
from pfi_coordinator.application.show_clusters import ShowClusters
from pfi_coordinator.application.show_run import RunWatchers, ShowRun
from pfi_coordinator.application.submit_run import Deployment, SubmitRun
from pfi_coordinator.bootstrap.adapters import Adapters
from pfi_coordinator.domain.retrying import RetryPauses
from pfi_coordinator.entrypoints.rest.use_cases import RestUseCases
from pfi_coordinator.entrypoints.rpc.certificate_servicer import CertificateServicer
from pfi_coordinator.entrypoints.rpc.enrolment_servicer import EnrolmentServicer
from pfi_coordinator.entrypoints.rpc.serving_servicer import ServingServicer
from pfi_coordinator.entrypoints.rpc.session_servicer import SessionServicer, SessionUseCases
from pfi_coordinator.metrics import CoordinatorMetrics
from pfi_coordinator.settings import CoordinatorSettings


@dataclass(frozen=True)
class Shared:
    """What the services of one process share."""

    settings: CoordinatorSettings
    adapters: Adapters
    guard: GuardStore
    apply: ApplyEvent
    revocation_list: RevocationList
    metrics: CoordinatorMetrics
    metrics_registry: CollectorRegistry
    hub: SessionHub
    watchers: RunWatchers
    progress: RecordProgress
    draining: asyncio.Event
    clock: Clock


def build_enrolment(shared: Shared, replicas: KnownReplicas) -> EnrolmentServicer:
    """Makes the service of the enrolment port."""
    adapters, clock = shared.adapters, shared.clock
    certify = _certify(shared)
    renew = RenewCertificate(adapters.registry, certify)
    return EnrolmentServicer(
        EnrolClient(adapters.tokens, certify, shared.guard, clock),
        RenewExpiredCertificate(adapters.authority, adapters.challenges, renew, clock),
        replicas,
        RateLimit(clock),
        shared.metrics,
    )


def build_certificates(shared: Shared, replicas: KnownReplicas) -> CertificateServicer:
    """Makes the renewal service of the mTLS port."""
    renew = RenewCertificate(shared.adapters.registry, _certify(shared))
    return CertificateServicer(renew, replicas)


def build_sessions(shared: Shared, replicas: KnownReplicas) -> SessionServicer:
    """Makes the session service of the mTLS port."""
    adapters = shared.adapters
    return SessionServicer(
        SessionUseCases(
            pace=PaceSessions(
                shared.clock, shared.settings.sessions_per_second, shared.metrics.sessions.limited
            ),
            open=OpenSession(
                shared.settings.replica, adapters.registry, adapters.presence, adapters.signals
            ),
            ended_runs=FindEndedRuns(adapters.runs),
            hub=shared.hub,
            change_device=ChangeDevice(adapters.presence, adapters.signals),
            board=adapters.board,
            progress=shared.progress,
            results=RecordResult(adapters.board, adapters.runs, adapters.receipts, shared.apply),
            replicas=replicas,
            draining=shared.draining,
        )
    )


def build_serving(shared: Shared) -> ServingServicer:
    """Makes the service of the mTLS port that names adapters to answer with."""
    adapters = shared.adapters
    find = FindServingAdapter(adapters.runs, adapters.serving, adapters.memberships)
    return ServingServicer(find, tuple(shared.settings.aggregators))


def build_rest(shared: Shared, endpoints: Endpoints, not_ready: Callable[[], str]) -> RestUseCases:
    """Makes what is behind the admin API."""
    adapters, clock = shared.adapters, shared.clock
    list_adapters = ListAdapters(adapters.runs)
    abandon = AbandonTasks(adapters.board, adapters.runs, shared.apply)
    fingerprint = adapters.authority.fingerprint
    settings = shared.settings
    place = Deployment(
        tuple(sorted(settings.aggregators)),
        settings.spool_patience_seconds,
        RetryPauses(settings.retry_first_seconds, settings.retry_most_seconds),
    )
    submit = SubmitRun(adapters.runs, shared.apply, shared.guard, clock, place)
    return RestUseCases(
        authorize=Authorize(adapters.api_keys),
        create_token=CreateToken(adapters.tokens, clock, endpoints.enrolment, fingerprint),
        list_clients=ListClients(adapters.registry, adapters.presence),
        revoke_client=RevokeClient(
            adapters.registry, adapters.revocations, shared.revocation_list, abandon
        ),
        submit_run=submit,
        list_runs=ListRuns(adapters.runs, adapters.artifacts, shared.guard),
        show_run=ShowRun(adapters.runs, adapters.board, adapters.registry, shared.watchers),
        show_clusters=ShowClusters(adapters.runs, adapters.registry),
        cancel_run=CancelRun(adapters.runs, shared.apply),
        pause_run=PauseRun(adapters.runs, shared.apply),
        resume_run=ResumeRun(adapters.runs, shared.apply),
        extend_run=ExtendRun(adapters.runs, shared.apply),
        restart_run=RestartRun(adapters.runs, submit),
        list_adapters=list_adapters,
        export_adapter=ExportAdapter(
            list_adapters, adapters.artifacts, adapters.exports, adapters.ledger
        ),
        endpoints=endpoints,
        federation=adapters.authority.federation,
        version=version("pfi-coordinator"),
        registry=shared.metrics_registry,
        not_ready=not_ready,
    )


def _certify(shared: Shared) -> CertifyClient:
    lifetime = timedelta(seconds=shared.settings.client_certificate_lifetime_seconds)
    adapters = shared.adapters
    return CertifyClient(adapters.authority, adapters.registry, adapters.revocations, lifetime)
