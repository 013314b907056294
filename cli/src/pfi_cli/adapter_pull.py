"""Fetches a published adapter as a PEFT folder."""

import re
import time
from pathlib import Path

from pfi_cli.api.client import ApiClient
from pfi_cli.api.records import Adapter
from pfi_cli.api.runs import line_order
from pfi_cli.peft_folder import write_peft_folder
from pfi_common.errors import AdapterUnknownError, ExportFailedError, InvalidRequestError

EXPORT_SECONDS = 120.0
_DIGEST = re.compile(r"[0-9a-f]{64}")


def pull_adapter(api: ApiClient, wanted: str, folder: Path, line: str | None = None) -> str:
    """Writes an adapter as a folder that `peft.PeftModel.from_pretrained` loads.

    Args:
        api: The federation.
        wanted: Digest of an adapter, or id or name of a run for its newest one.
        folder: Must not exist, or be empty.
        line: The run's line; may be None for a run with one line.

    Returns:
        The adapter's digest, which the written tensors have been checked against.

    Raises:
        AdapterUnknownError: The run, or the line, has published none.
        InvalidRequestError: The run has clusters, and no line is named.
        ExportFailedError: The export took too long.
        ArtifactCorruptError: What came is not the adapter.
    """
    digest = wanted if is_digest(wanted) else published_adapter(api, wanted, line).digest
    write_peft_folder(_export(api, digest), digest, folder)
    return digest


def is_digest(text: str) -> bool:
    """Whether a text names an adapter by its digest rather than a run."""
    return _DIGEST.fullmatch(text) is not None


def published_adapter(
    api: ApiClient, run: str, line: str | None = None, version: int | None = None
) -> Adapter:
    """Finds a version that a run has published: the newest of a line unless one is named.

    Raises:
        AdapterUnknownError: The run, or the line, has published none, or not this version.
        InvalidRequestError: The run has clusters, and no line is named.
    """
    adapters = api.adapters(run)
    lines = sorted({adapter.line for adapter in adapters}, key=line_order)
    if line is None and len(lines) > 1:
        raise InvalidRequestError(
            f"the run {run} has clusters; name one of its lines with --line: {', '.join(lines)}"
        )
    own = [adapter for adapter in adapters if line in (None, adapter.line)]
    where = f"the run {run}" if line is None else f"the line {line} of the run {run}"
    if version is not None and version not in {adapter.version for adapter in own}:
        raise AdapterUnknownError(f"{where} has not published version {version}")
    if not own:
        raise AdapterUnknownError(f"{where} has not published an adapter yet")
    return max(own, key=lambda adapter: (adapter.version == version, adapter.version))


def _export(api: ApiClient, digest: str) -> bytes:
    end = time.monotonic() + EXPORT_SECONDS
    while time.monotonic() < end:
        answer = api.export_adapter(digest)
        if isinstance(answer, bytes):
            return answer
        time.sleep(answer)
    raise ExportFailedError(f"the export did not end within {EXPORT_SECONDS:.0f} s")
