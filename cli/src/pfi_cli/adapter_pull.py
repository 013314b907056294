"""Fetches a published adapter as a PEFT folder."""

import re
import time
from pathlib import Path

from pfi_cli.api.client import ApiClient
from pfi_cli.peft_folder import write_peft_folder
from pfi_common.errors import AdapterUnknownError, ExportFailedError

EXPORT_SECONDS = 120.0
_DIGEST = re.compile(r"[0-9a-f]{64}")


def pull_adapter(api: ApiClient, wanted: str, folder: Path) -> str:
    """Writes an adapter as a folder that `peft.PeftModel.from_pretrained` loads.

    Args:
        api: The federation.
        wanted: Digest of an adapter, or id or name of a run for its newest one.
        folder: Must not exist, or be empty.

    Returns:
        The adapter's digest, which the written tensors have been checked against.

    Raises:
        AdapterUnknownError: The run has published none.
        ExportFailedError: The export took too long.
        ArtifactCorruptError: What came is not the adapter.
    """
    digest = wanted if _DIGEST.fullmatch(wanted) else _newest_of_run(api, wanted)
    write_peft_folder(_export(api, digest), digest, folder)
    return digest


def _newest_of_run(api: ApiClient, run: str) -> str:
    adapters = api.adapters(run)
    if not adapters:
        raise AdapterUnknownError(f"the run {run} has not published an adapter yet")
    return max(adapters, key=lambda adapter: adapter.version).digest


def _export(api: ApiClient, digest: str) -> bytes:
    end = time.monotonic() + EXPORT_SECONDS
    while time.monotonic() < end:
        answer = api.export_adapter(digest)
        if isinstance(answer, bytes):
            return answer
        time.sleep(answer)
    raise ExportFailedError(f"the export did not end within {EXPORT_SECONDS:.0f} s")
