"""Builds the worker."""

import asyncio
import json

from prometheus_client import CollectorRegistry

from pfi_aggregator.adapters.durable import write_durably
from pfi_aggregator.adapters.heap import tune_heap
from pfi_aggregator.bootstrap.export_job import ExportJob
from pfi_aggregator.bootstrap.reduction_job import ReductionJob
from pfi_aggregator.bootstrap.spool_reader import spool_openers, spools_read
from pfi_aggregator.entrypoints.worker import Jobs, create_worker, run_worker
from pfi_aggregator.settings import AggregatorSettings
from pfi_common.artifacts import open_artifact_store
from pfi_common.errors import SettingsInvalidError
from pfi_common.telemetry.endpoint import OperationsEndpoint
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import configure_logging, get_logger


class WorkerOperations:
    """The worker's /healthz and /readyz. Its jobs are logged; it has no metrics of its own.

    Listens from the first readiness on, so that the pool is forked before there is a thread.
    """

    def __init__(self, settings: AggregatorSettings) -> None:
        self._settings = settings
        self._host, _, port = settings.operations_address.rpartition(":")
        self._consuming = False
        self._endpoint = OperationsEndpoint(
            CollectorRegistry(), self._host, int(port), lambda: self._consuming
        )
        self._listening = False

    def change(self, consuming: bool) -> None:
        """Takes whether the worker consumes."""
        self._consuming = consuming
        if consuming and not self._listening:
            self._listening = True
            self._listen()

    def _listen(self) -> None:
        address = f"{self._host}:{self._endpoint.start()}"
        if self._settings.endpoints_file is not None:
            text = json.dumps({"operations": address})
            write_durably(self._settings.endpoints_file, text.encode())
        get_logger().info(Event.WORKER_READY, address=address)


def _build_jobs(settings: AggregatorSettings) -> Jobs:
    # In the child alone: what SciPy brings along is no use to the process that only forks.
    from pfi_aggregator.bootstrap.partition_job import PartitionJob

    runner = asyncio.Runner()
    artifacts = open_artifact_store(settings.artifacts_url)
    return Jobs(
        ExportJob(runner, artifacts),
        PartitionJob(runner, artifacts),
        ReductionJob(runner, spool_openers(settings), artifacts),
    )


def work(settings: AggregatorSettings) -> None:
    """Runs the worker until SIGTERM.

    Raises:
        SettingsInvalidError: there is no broker.
    """
    if settings.broker_url is None:
        raise SettingsInvalidError("PFI_AGGREGATOR_BROKER_URL is not set; the worker needs it.")
    configure_logging("aggregator-worker", settings.log_level)
    tune_heap()
    operations = WorkerOperations(settings)
    app = create_worker(settings.broker_url, lambda: _build_jobs(settings), operations.change)
    run_worker(app, sorted(spools_read(settings)))
