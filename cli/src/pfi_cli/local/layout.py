"""Where things lie in the state folder of a local federation."""

from dataclasses import dataclass
from pathlib import Path

SPOOL_NAME = "spool-0"


@dataclass(frozen=True)
class StateLayout:
    """Paths below a state folder.

    Attributes:
        root: The state folder.
    """

    root: Path

    @property
    def federation_file(self) -> Path:
        """What runs here, and where."""
        return self.root / "federation.json"

    @property
    def lock(self) -> Path:
        """Held by the supervisor for as long as it lives."""
        return self.root / "lock"

    @property
    def coordinator(self) -> Path:
        """State of the coordinator: authority and identity."""
        return self.root / "coordinator"

    @property
    def authority(self) -> Path:
        """Certificate that every member and every client of the admin API verifies with."""
        return self.coordinator / "identity" / "authority.pem"

    @property
    def aggregator(self) -> Path:
        """State of the first aggregator: identity, keys."""
        return self.root / "aggregator"

    @property
    def spool(self) -> Path:
        """Updates of open rounds in the first spool."""
        return self.root / "spool"

    def aggregator_of(self, spool: str) -> Path:
        """State of the aggregator that owns a spool."""
        return self.aggregator if spool == SPOOL_NAME else self.root / f"aggregator-of-{spool}"

    def spool_of(self, spool: str) -> Path:
        """Updates of open rounds in a spool."""
        return self.spool if spool == SPOOL_NAME else self.root / spool

    def spools(self) -> dict[str, Path]:
        """Folders of the spools that are there, by name."""
        first = {SPOOL_NAME: self.spool} if self.spool.is_dir() else {}
        others = sorted(path for path in self.root.glob("spool-*") if path.is_dir())
        return first | {path.name: path for path in others}

    @property
    def redis(self) -> Path:
        """Data of Redis."""
        return self.root / "redis"

    @property
    def artifacts(self) -> Path:
        """Published results."""
        return self.root / "artifacts"

    @property
    def artifacts_url(self) -> str:
        """The artifact store as services name it."""
        return self.artifacts.resolve().as_uri()

    @property
    def api_key_file(self) -> Path:
        """Key of the admin API for the person who owns this folder."""
        return self.root / "api_key"

    @property
    def agents(self) -> Path:
        """State of agents that run on this machine, one folder each."""
        return self.root / "agents"

    @property
    def answers(self) -> Path:
        """What a demo's clients were asked, one file per run."""
        return self.root / "answers"

    @property
    def reports(self) -> Path:
        """Reports, one folder per run."""
        return self.root / "reports"

    def log(self, process: str) -> Path:
        """Log of a process."""
        return self.root / "logs" / f"{process}.log"

    def endpoints(self, process: str) -> Path:
        """File in which a process says where it listens."""
        return self.root / "endpoints" / f"{process}.json"
