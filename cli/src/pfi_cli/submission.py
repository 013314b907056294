"""What a submission carries beside the specification."""

import json
import subprocess
from pathlib import Path

from pfi_cli.local.programs import program_installed, program_path
from pfi_cli.settings import inherited_environment
from pfi_common.errors import BackboneUnreadableError, InvalidRequestError
from pfi_common.spec import Description, parse_description


def describe_spec(spec: Path, backbone: Path | None) -> Description:
    """Asks `pfi-agent describe` for adapter schema and backbone digest.

    Raises:
        InvalidRequestError: It is not installed here.
        BackboneUnreadableError: It cannot read the backbone; its own words are passed on.
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
        raise BackboneUnreadableError(" ".join(done.stderr.strip().splitlines()[-3:]))
    return parse_description(json.loads(done.stdout))
