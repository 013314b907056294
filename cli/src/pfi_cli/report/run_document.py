"""The run as the coordinator describes it, which a report keeps beside itself."""

import json
from typing import Any

from pfi_cli.api.client import ApiClient
from pfi_cli.api.connection import local_connection
from pfi_cli.local.layout import StateLayout
from pfi_common.errors import ServiceUnavailableError

RUN_FILE = "run.json"


def find_run_document(layout: StateLayout, run: str) -> dict[str, Any]:
    """Asks the federation, or reads what an earlier report kept when it does not run.

    Raises:
        RunUnknownError: The federation does not know the run.
        ServiceUnavailableError: It does not run, and no earlier report has kept the run.
    """
    try:
        with ApiClient(local_connection(layout)) as api:
            return api.run_document(run)
    except ServiceUnavailableError as error:
        kept = _kept(layout, run)
        if kept is None:
            raise ServiceUnavailableError(
                f"the federation in {layout.root} does not run, and no earlier report has kept "
                f"the run {run}; `pfi up --state {layout.root}` starts it"
            ) from error
        return kept


def _kept(layout: StateLayout, run: str) -> dict[str, Any] | None:
    for file in sorted(layout.reports.glob(f"*/{RUN_FILE}")):
        document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if run in {document.get("run"), document.get("name")}:
            return document
    return None
