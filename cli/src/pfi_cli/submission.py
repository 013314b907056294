"""What a submission carries beside the specification."""

import json
import subprocess
from pathlib import Path

from pfi_cli.local.programs import program_installed, program_path
from pfi_cli.settings import inherited_environment
from pfi_common.errors import InternalError, InvalidRequestError, PlatformError, error_from_problem
from pfi_common.spec import Description, parse_description


def describe_spec(spec: Path, backbone: Path | None) -> Description:
    """Asks `pfi-agent describe` for adapter schema and backbone digest.

    Raises:
        InvalidRequestError: It is not installed here.
        PlatformError: It failed; the reason and the words are its own.
    """
    if not program_installed("pfi-agent"):
        raise InvalidRequestError(
            "pfi-agent is not installed here; run `pfi-agent describe SPEC --json > FILE` where "
            "it is, and give the file with --described"
        )
    command = [str(program_path("pfi-agent")), "describe", str(spec), "--json"]
    if backbone is not None:
        command += ["--backbone", str(backbone)]
    done = subprocess.run(
        command, env=inherited_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise _failure(done.stderr.strip().splitlines(), done.returncode)
    return parse_description(json.loads(done.stdout))


def _failure(told: list[str], status: int) -> PlatformError:
    """The agent's failure, from the problem document that it ends with."""
    try:
        document = json.loads(told[-1]) if told else None
    except json.JSONDecodeError:
        document = None
    if isinstance(document, dict):
        return error_from_problem(document)
    return InternalError(f"pfi-agent describe ended with status {status}: {' '.join(told[-3:])}")
