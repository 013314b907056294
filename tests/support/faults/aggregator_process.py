"""The aggregator as a process, which a test arms, kills and starts again."""

import json
import signal
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.support.certificates import DAY, FederationFixture
from tests.support.faults.logs import read_events
from tests.support.redis import mark_federation

from pfi_aggregator.failpoints import Failpoint
from pfi_cli.local.child_process import ChildProcess, Command
from pfi_cli.local.programs import program_path
from pfi_cli.local.waiting import wait_until
from pfi_cli.settings import inherited_environment
from pfi_common.identity import save_identity, save_signer

SPOOL = "spool-0"
START_SECONDS = 60.0
END_SECONDS = 60.0


class AggregatorProcess:
    """`pfi-aggregator serve` on a folder; every start takes a free port.

    Attributes:
        variables: Further variables of its environment.
    """

    def __init__(self, folder: Path, federation: FederationFixture, redis_url: str) -> None:
        self.state, self.spool = folder / "state", folder / "spool"
        self.artifacts, self.log = folder / "artifacts", folder / "aggregator.log"
        self._endpoints = folder / "endpoints.json"
        self.variables: dict[str, str] = {}
        self._redis_url = redis_url
        self._process: ChildProcess | None = None
        _save_service(self.state / "identity", federation)

    def start(self, failpoint: Failpoint | None = None) -> None:
        """Starts it and waits until it listens."""
        mark_federation(self._redis_url)
        self._endpoints.unlink(missing_ok=True)
        program = [str(program_path("pfi-aggregator")), "serve"]
        environment = {**inherited_environment(), "OMP_NUM_THREADS": "1", **self._settings}
        if failpoint is not None:
            environment["PFI_AGGREGATOR_FAILPOINT"] = failpoint.value
        self._process = ChildProcess(Command("aggregator", program, environment, self.log))
        self._process.start()
        wait_until(lambda: self._endpoints.exists() or not self.process.running, START_SECONDS)
        assert self._endpoints.exists(), self.process.log_tail()

    @property
    def process(self) -> ChildProcess:
        """The last process that was started."""
        assert self._process is not None
        return self._process

    @property
    def target(self) -> str:
        """host:port of the mTLS port."""
        return json.loads(self._endpoints.read_text(encoding="utf-8"))["aggregator"]

    @property
    def operations(self) -> str:
        """host:port of /metrics and /readyz."""
        return json.loads(self._endpoints.read_text(encoding="utf-8"))["operations"]

    def wait_until_killed(self, place: Failpoint) -> None:
        """Waits for the death at an armed place, and makes sure that it was this one."""
        assert self.process.wait(END_SECONDS), f"{place} was not reached"
        assert self.process.exit_status == -signal.SIGKILL
        (armed,) = read_events(self.log, "failpoint_armed")
        assert armed["state"] == place.value

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        assert self.process.exit_status == -signal.SIGKILL

    def stop(self) -> None:
        """Ends it; says nothing when it has ended."""
        if self._process is not None:
            self._process.stop()

    @property
    def _settings(self) -> Mapping[str, str]:
        return {
            "PFI_AGGREGATOR_STATE": str(self.state),
            "PFI_AGGREGATOR_SPOOL": str(self.spool),
            "PFI_AGGREGATOR_SPOOL_NAME": SPOOL,
            "PFI_AGGREGATOR_ARTIFACTS_URL": self.artifacts.as_uri(),
            "PFI_AGGREGATOR_REDIS_URL": self._redis_url,
            "PFI_AGGREGATOR_ENDPOINTS_FILE": str(self._endpoints),
            "PFI_AGGREGATOR_DRAIN_SECONDS": "1",
            **self.variables,
        }


def _save_service(folder: Path, federation: FederationFixture) -> None:
    identity = federation.service(f"aggregator/{SPOOL}")
    save_identity(
        folder,
        key_pem=identity.key_pem,
        certificate_chain_pem=identity.certificate_chain_pem,
        authority_pem=identity.authority_pem,
    )
    key = Ed25519PrivateKey.generate()
    certificate = federation.authority.issue_signer(key.public_key(), f"aggregator/{SPOOL}", DAY)
    save_signer(folder, key, certificate)
