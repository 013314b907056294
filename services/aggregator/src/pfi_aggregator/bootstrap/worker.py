"""Builds the export worker."""

import asyncio
import json

from prometheus_client import CollectorRegistry

from pfi_aggregator.adapters.durable import write_durably
from pfi_aggregator.adapters.peft_archive import PeftArchive
from pfi_aggregator.application.export_adapter import ExportAdapter
from pfi_aggregator.application.ports import AdapterOrigin
from pfi_aggregator.entrypoints.worker import create_worker, run_worker
from pfi_aggregator.settings import AggregatorSettings
from pfi_common.artifacts import open_artifact_store
from pfi_common.errors import InvalidRequestError, PlatformError, SettingsInvalidError
from pfi_common.telemetry.endpoint import OperationsEndpoint
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import configure_logging, get_logger


class ExportJob:
    """One export after the other, on an event loop that lives as long as the process."""

    def __init__(self, artifacts_url: str) -> None:
        self._runner = asyncio.Runner()
        self._export = ExportAdapter(open_artifact_store(artifacts_url), PeftArchive())

    def __call__(self, arguments: dict[str, object]) -> None:
        """Exports; a failure is logged, and the coordinator asks again if it still wants it."""
        try:
            origin, schema_digest = _read(arguments)
            digest = self._runner.run(self._export.run(origin, schema_digest))
        except PlatformError as error:
            get_logger().error(Event.EXPORT_FAILED, error=error)
        else:
            get_logger().info(
                Event.EXPORT_STORED, adapter_digest=origin.adapter_digest, state=digest
            )


class WorkerOperations:
    """The worker's /healthz and /readyz. Its exports are logged; it has no metrics of its own.

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
        get_logger().info(Event.EXPORT_WORKER_READY, address=address)


def work(settings: AggregatorSettings) -> None:
    """Runs the worker until SIGTERM.

    Raises:
        SettingsInvalidError: there is no broker.
    """
    if settings.broker_url is None:
        raise SettingsInvalidError("PFI_AGGREGATOR_BROKER_URL is not set; the worker needs it.")
    configure_logging("aggregator-worker", settings.log_level)
    operations = WorkerOperations(settings)
    app = create_worker(
        settings.broker_url, lambda: ExportJob(settings.artifacts_url), operations.change
    )
    run_worker(app)


def _read(arguments: dict[str, object]) -> tuple[AdapterOrigin, str]:
    expected = {"adapter_digest", "schema_digest", "backbone_model", "backbone_revision"}
    texts = {name: value for name, value in arguments.items() if isinstance(value, str)}
    optional = {"backbone_revision"} if arguments.get("backbone_revision") is None else set()
    if arguments.keys() != expected or texts.keys() != expected - optional:
        raise InvalidRequestError("The task's arguments are not those of an export.")
    origin = AdapterOrigin(
        adapter_digest=texts["adapter_digest"],
        backbone_model=texts["backbone_model"],
        backbone_revision=texts.get("backbone_revision"),
    )
    return origin, texts["schema_digest"]
