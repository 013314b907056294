"""Makes what a federation needs before its services can start: authority, identities, API key."""

import subprocess
from collections.abc import Mapping, Sequence

from pfi_cli.local.federation_file import write_atomically
from pfi_cli.local.layout import StateLayout
from pfi_cli.local.programs import program_path
from pfi_cli.local.scale import ALONE, Scale
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

    def __init__(
        self,
        layout: StateLayout,
        redis_url: str,
        environment: Mapping[str, str],
        scale: Scale = ALONE,
    ) -> None:
        """Describes the folder.

        Args:
            layout: Where things lie.
            redis_url: The running Redis, for the API key.
            environment: What the commands inherit.
            scale: How many aggregators there are.
        """
        self._layout = layout
        self._redis_url = redis_url
        self._environment = environment
        self._scale = scale

    def issue_identities(self, federation: str) -> None:
        """Makes the authority and the identities of coordinator and aggregators."""
        state = str(self._layout.coordinator)
        self._run(["init", "--state", state, "--federation", federation])
        for spool in self._scale.spools:
            service = ["--service", f"aggregator/{spool}"]
            folder = ["--out", str(self._layout.aggregator_of(spool) / "identity")]
            self._run(["issue-service", "--state", state, *service, *folder])

    def accept_empty_store(self, known: Mapping[str, str]) -> None:
        """Begins with an empty registry after a loss; changes nothing when nothing was lost.

        Args:
            known: Addresses, that of the aggregator among them.
        """
        settings = coordinator_settings(self._layout, self._redis_url, known, self._scale)
        self._run(["accept-empty-store"], settings)

    def create_api_key(self, known: Mapping[str, str], *, replace: bool = False) -> None:
        """Makes the key of the person who owns the folder, unless there is one.

        Args:
            known: Addresses, that of the aggregator among them.
            replace: Whether to make one in place of a key that is there.
        """
        if self._layout.api_key_file.exists() and not replace:
            return
        scopes = [word for scope in API_KEY_SCOPES for word in ("--scope", scope)]
        settings = coordinator_settings(self._layout, self._redis_url, known, self._scale)
        key = self._run(["create-api-key", "--name", "local", *scopes], settings).strip()
        write_atomically(self._layout.api_key_file, key + "\n", mode=0o600)

    def _run(self, arguments: Sequence[str], settings: Mapping[str, str] | None = None) -> str:
        program = [str(program_path("pfi-coordinator")), *arguments]
        done = _run_captured(program, {**self._environment, **(settings or {})})
        if done.returncode != 0:
            complaint = " | ".join(done.stderr.strip().splitlines()[-3:])
            raise LocalFederationFailedError(f"pfi-coordinator {arguments[0]} failed: {complaint}")
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
