"""The worker's job that exports adapters."""

import asyncio

from pfi_aggregator.adapters.peft_archive import PeftArchive
from pfi_aggregator.application.export_adapter import ExportAdapter
from pfi_aggregator.application.ports import AdapterOrigin
from pfi_common.artifacts import ArtifactStore
from pfi_common.errors import InvalidRequestError, PlatformError
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import get_logger


class ExportJob:
    """One export after the other, on an event loop that lives as long as the process."""

    def __init__(self, runner: asyncio.Runner, artifacts: ArtifactStore) -> None:
        self._runner = runner
        self._export = ExportAdapter(artifacts, PeftArchive())

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
