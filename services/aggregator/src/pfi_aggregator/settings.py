"""Settings of the aggregator and its worker; the environment is read here alone."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import SettingsConfigDict

from pfi_aggregator.failpoints import Failpoint
from pfi_common.settings import ServiceSettings

_PORT = r"([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_ADDRESS = rf"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):{_PORT}$"


class SpoolFolders(BaseModel):
    """Folders of a spool that a worker reads, and of the aggregator that owns it.

    Attributes:
        spool: Folder of the spool.
        state: State folder of its aggregator, where the keys are.
        wrapping_key: File of the wrapping key, where it lies elsewhere.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    spool: Path
    state: Path
    wrapping_key: Path | None = None


class AggregatorSettings(ServiceSettings):
    """What `pfi-aggregator` needs to know; `serve` and `worker` may share one environment."""

    model_config = SettingsConfigDict(env_prefix="PFI_AGGREGATOR_")

    state: Path = Field(
        description="folder with identity/ (made by `pfi-coordinator issue-service`), which also"
        " keeps the highest leader token; not on the spool's device"
    )
    spool: Path = Field(
        description="folder that holds the updates of open rounds; one process owns it"
    )
    spool_name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]{0,62}$",
        description="name of the spool, as in the service identity aggregator/<name>",
    )
    spool_wrapping_key: Path | None = Field(
        default=None,
        description="file of 32 random bytes that wraps the rounds' keys in state/spool-keys, made"
        " when it is missing; default: spool-wrapping-key in the state folder",
    )
    spool_limit_bytes: int | None = Field(
        default=None,
        ge=1 << 20,
        description="most payload bytes that the spool may hold, running uploads with all of"
        " theirs; default: 90 % of what it holds and the device has free",
    )
    maximum_uploads: int = Field(
        default=256, ge=1, le=10_000, description="how many uploads run at a time, 1 to 10000"
    )
    maximum_uploads_per_client: int = Field(
        default=8, ge=1, le=10_000, description="how many of them may be one client's"
    )
    maximum_waiting_uploads: int = Field(
        default=64,
        ge=1,
        le=10_000,
        description="how many uploads wait for a place; further ones are told when to come back",
    )
    upload_turn_seconds: float = Field(
        default=30.0,
        ge=1,
        le=3600,
        description="how long an upload keeps its place when others wait, 1 to 3600; it goes on"
        " later where it stopped",
    )
    abandoned_upload_seconds: float = Field(
        default=3600.0,
        ge=60,
        le=30 * 86_400,
        description="after how many seconds without a byte an unfinished upload is deleted",
    )
    artifacts_url: str = Field(
        description="artifact store: file:///folder, s3://bucket, gs://bucket or az://name"
    )
    redis_url: str = Field(
        description="Redis that holds the revocation list: unix:///socket, redis:// or rediss://"
    )
    broker_url: str | None = Field(
        default=None,
        description="Celery broker, needed by `worker`: redis+socket:///socket, redis:// or"
        " rediss://",
    )
    address: str = Field(
        default="127.0.0.1:0",
        pattern=_ADDRESS,
        description="host:port of the mTLS port; port 0 takes a free one",
    )
    operations_address: str = Field(
        default="127.0.0.1:0",
        pattern=_ADDRESS,
        description="host:port of /metrics, /healthz and /readyz; port 0 takes a free one",
    )
    endpoints_file: Path | None = Field(
        default=None,
        description="file that is written with both host:port once the service listens (JSON)",
    )
    log_level: str = Field(
        default="INFO",
        pattern="^(INFO|WARNING|ERROR)$",
        description="lowest level of logged events: INFO, WARNING or ERROR",
    )
    fold_ahead_bytes: int = Field(
        default=512 << 20,
        ge=0,
        description="memory for the sums of rounds whose updates are folded as they come, 8 bytes a"
        " coordinate and round; a round beyond it is folded when it is finalized; 0 for none",
    )
    retain_settled: bool = Field(
        default=False,
        description="true keeps the updates of settled rounds in the spool, for analysis",
    )
    worker_spools: dict[str, SpoolFolders] | None = Field(
        default=None,
        description="spools that `worker` reads, as a JSON object of the folders by spool, for"
        ' instance {"spool-1": {"spool": "/spool-1", "state": "/aggregator-1"}}; its own unless'
        " set",
    )
    worker_reads_spool: bool = Field(
        default=True,
        description="false for a worker that cannot read the folders spool and state: it exports"
        " and groups clients, and leaves robust rules and products of factors to others",
    )
    drain_seconds: float = Field(
        default=30.0,
        ge=0,
        le=600,
        description="how many seconds running calls have to end after SIGTERM, 0 to 600",
    )
    failpoint: Failpoint | None = Field(
        default=None,
        description="for fault tests only: the place at which the process kills itself, one of "
        + ", ".join(Failpoint),
    )
