"""Settings of the coordinator; the environment is read here alone."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from pfi_common.settings import ServiceSettings

_ADDRESS = r"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}$"
_NAME = r"^[a-z0-9][a-z0-9-]{0,62}$"


class CoordinatorSettings(ServiceSettings):
    """What `pfi-coordinator serve` needs to know."""

    model_config = SettingsConfigDict(env_prefix="PFI_COORDINATOR_")

    state: Path = Field(
        description="folder with authority/ and identity/, made by `pfi-coordinator init`"
    )
    redis_url: str = Field(
        description="Redis of the federation, one server: unix:///socket, redis:// or rediss://"
    )
    broker_url: str | None = Field(
        default=None,
        description="Celery broker of exports: redis+socket:///socket, redis:// or rediss://; the"
        " federation's Redis unless set",
    )
    artifacts_url: str = Field(
        description="artifact store: file:///folder, s3://bucket, gs://bucket or az://name"
    )
    enrolment_address: str = Field(
        default="127.0.0.1:0",
        pattern=_ADDRESS,
        description="host:port of the enrolment port; port 0 takes a free one",
    )
    session_address: str = Field(
        default="127.0.0.1:0",
        pattern=_ADDRESS,
        description="host:port of the mTLS port of sessions; port 0 takes a free one",
    )
    admin_address: str = Field(
        default="127.0.0.1:0",
        pattern=_ADDRESS,
        description="host:port of the admin API, with /metrics; port 0 takes a free one",
    )
    advertised_host: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9.:-]+$",
        description="host that clients reach this service by; that of each address unless set",
    )
    aggregators: dict[str, str] = Field(
        min_length=1,
        description='JSON object of host:port by spool, for instance {"spool-0": "127.0.0.1:7443"}',
    )
    endpoints_file: Path | None = Field(
        default=None,
        description="file that is written with every host:port once the service listens (JSON)",
    )
    client_certificate_lifetime_seconds: float = Field(
        default=86_400.0,
        ge=10,
        le=90 * 86_400,
        description="lifetime of client certificates in seconds, 10 to 7776000",
    )
    sessions_per_second: float = Field(
        default=100.0,
        ge=1,
        le=100_000,
        description="how many agents may open sessions in a second; others are told when to come"
        " back, 1 to 100000",
    )
    log_level: str = Field(
        default="INFO",
        pattern="^(INFO|WARNING|ERROR)$",
        description="lowest level of logged events: INFO, WARNING or ERROR",
    )
    spool_patience_seconds: float = Field(
        default=300.0,
        ge=1,
        le=86_400,
        description="how many seconds a round that could go elsewhere waits for a spool that does"
        " not answer, 1 to 86400",
    )
    retry_first_seconds: float = Field(
        default=5.0,
        ge=0,
        le=3_600,
        description="how many seconds a round that failed rests before it is tried again; the pause"
        " doubles with every further failure, 0 to 3600",
    )
    retry_most_seconds: float = Field(
        default=300.0,
        ge=0,
        le=86_400,
        description="longest such pause in seconds, 0 to 86400",
    )
    piece_deadline_seconds: float = Field(
        default=30.0,
        ge=1,
        le=3_600,
        description="after how many seconds without a new piece of a reduction the missing ones are"
        " sent to the workers again, 1 to 3600",
    )
    replica: str = Field(
        default="coordinator-0",
        pattern=_NAME,
        description="name of this replica, unique in the federation and kept over restarts",
    )
    drain_seconds: float = Field(
        default=10.0,
        ge=0,
        le=600,
        description="how many seconds running calls have to end after SIGTERM, 0 to 600",
    )
