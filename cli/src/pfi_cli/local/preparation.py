"""Makes what a federation needs before its services can start: authority, identities, API key."""

import subprocess
from collections.abc import Mapping, Sequence

from pfi_cli.local.federation_file import write_atomically
from pfi_cli.local.layout import SPOOL_NAME, StateLayout
from pfi_cli.local.programs import program_path
from pfi_cli.local.service_plans import coordinator_settings
from pfi_common.errors import LocalFederationFailedError

API_KEY_SCOPES = (
    "runs:read",
    "runs:write",
    "clients:read",
    "clients:write",
    "tokens:write",
    "adapters:read",
)
TIMEOUT_SECONDS = 60.0


class Preparation:
    """Runs the coordinator's set-up commands for one state folder; each may be repeated."""

    def __init__(self, layout: StateLayout, redis_url: str, environment: Mapping[str, str]) -> None:
        """Describes the folder.

        Args:
            layout: Where things lie.
            redis_url: The running Redis, for the API key.
            environment: What the commands inherit.
        """
        self._layout = layout
        self._environment = {**environment, **coordinator_settings(layout, redis_url)}

    def issue_identities(self, federation: str) -> None:
        """Makes the authority and the identities of coordinator and aggregator."""
        state = str(self._layout.coordinator)
        self._run("init", "--state", state, "--federation", federation)
        self._run(
            "issue-service",
            *("--state", state, "--service", f"aggregator/{SPOOL_NAME}"),
            *("--out", str(self._layout.aggregator / "identity")),
            *("--host", "127.0.0.1", "--host", "localhost"),
        )

    def create_api_key(self) -> None:
        """Makes the key of the person who owns the folder, unless there is one."""
        if self._layout.api_key_file.exists():
            return
        scopes = [word for scope in API_KEY_SCOPES for word in ("--scope", scope)]
        key = self._run("create-api-key", "--name", "local", *scopes).strip()
        write_atomically(self._layout.api_key_file, key + "\n", mode=0o600)

    def _run(self, command: str, *arguments: str) -> str:
        program = [str(program_path("pfi-coordinator")), command, *arguments]
        done = _run_captured(program, self._environment)
        if done.returncode != 0:
            complaint = " | ".join(done.stderr.strip().splitlines()[-3:])
            raise LocalFederationFailedError(f"pfi-coordinator {command} failed: {complaint}")
        return done.stdout


def _run_captured(
    program: Sequence[str], environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            program,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise LocalFederationFailedError(
            f"{program[1]} did not end within {TIMEOUT_SECONDS:.0f} s"
        ) from error
