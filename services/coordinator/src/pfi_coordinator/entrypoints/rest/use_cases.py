"""What the API offers."""

from collections.abc import Callable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from pfi_coordinator.application.api_keys import Authorize
from pfi_coordinator.application.cancel_run import CancelRun
from pfi_coordinator.application.create_token import CreateToken
from pfi_coordinator.application.endpoints import Endpoints
from pfi_coordinator.application.export_adapter import ExportAdapter
from pfi_coordinator.application.extend_run import ExtendRun
from pfi_coordinator.application.list_adapters import ListAdapters
from pfi_coordinator.application.list_clients import ListClients
from pfi_coordinator.application.list_runs import ListRuns
from pfi_coordinator.application.pause_run import PauseRun, ResumeRun
from pfi_coordinator.application.restart_run import RestartRun
from pfi_coordinator.application.revoke_client import RevokeClient
from pfi_coordinator.application.show_clusters import ShowClusters
from pfi_coordinator.application.show_run import ShowRun
from pfi_coordinator.application.submit_run import SubmitRun


@dataclass(frozen=True)
class RestUseCases:
    """Everything behind the routes.

    `not_ready` says why the coordinator cannot serve now; empty while it can.
    """

    authorize: Authorize
    create_token: CreateToken
    list_clients: ListClients
    revoke_client: RevokeClient
    submit_run: SubmitRun
    list_runs: ListRuns
    show_run: ShowRun
    show_clusters: ShowClusters
    cancel_run: CancelRun
    pause_run: PauseRun
    resume_run: ResumeRun
    extend_run: ExtendRun
    restart_run: RestartRun
    list_adapters: ListAdapters
    export_adapter: ExportAdapter
    endpoints: Endpoints
    federation: str
    version: str
    registry: CollectorRegistry
    not_ready: Callable[[], str]
