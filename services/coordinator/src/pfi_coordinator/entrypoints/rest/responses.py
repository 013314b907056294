"""Bodies that the API gives."""

from typing import Any

from pydantic import BaseModel


class Token(BaseModel):
    """Join tokens, shown once; `token` is the first of them."""

    token: str
    tokens: list[str]
    expires_at: str


class Device(BaseModel):
    """What a connected client's device last said of itself; null is unknown."""

    has_battery: bool | None
    battery_percent: int | None
    charging: bool | None
    metered: bool | None
    idle: bool | None
    memory_bytes: int | None
    element_bytes: int | None


class Client(BaseModel):
    """An enrolled client."""

    client: str
    display_name: str
    state: str
    connected: bool
    enrolled_at: str
    certificate_expires_at: str | None
    training_rows: int
    agent_version: str
    upload_encodings: list[str]
    device_class: str | None
    device: Device | None


class Clients(BaseModel):
    """Every client, oldest first."""

    clients: list[Client]


class Why(BaseModel):
    """Why a run is where it is; `due` is when the wait is over by itself, if it ever is."""

    waiting_for: str
    since: str
    unblocks: str
    next: str
    reason: str
    due: str | None


class CohortMember(BaseModel):
    """One client's task in one attempt of a round."""

    client: str
    display_name: str
    task: str
    state: str
    steps_done: int
    steps_total: int
    upload_encoding: str | None
    device_class: str | None
    payload_bytes: int
    metrics: dict[str, float]


class Round(BaseModel):
    """One attempt of a round of a line."""

    line: str
    round: int
    attempt: int
    state: str
    opened_at: str | None
    sealed_at: str | None
    published_at: str | None
    deadline: str | None
    deadline_from: str | None
    replacements: int
    spools: list[str]
    pieces: int
    pieces_done: int
    cohort: list[CohortMember]
    counted: int
    merge_seconds: float | None
    clipped: int
    capped: int
    adapter_digest: str | None


class EvaluationEntry(BaseModel):
    """What one client measured at the end, with the adapter of its line."""

    line: str
    client: str
    display_name: str
    state: str
    metrics: dict[str, float]


class RunVersion(BaseModel):
    """A published version of a line of a run."""

    line: str
    version: int
    digest: str
    lineage_digest: str
    published_at: str
    left_out: int


class FixedPoint(BaseModel):
    """The arithmetic of the merge."""

    fraction_bits: int
    resolution: float


class ClusterLine(BaseModel):
    """The line of a cluster; `round` is null while none is open."""

    line: str
    state: str
    members: int
    round: int | None
    version: int
    adapter_digest: str
    error: dict[str, Any] | None


class Partition(BaseModel):
    """How the clients were grouped; `clusters` is null while the answer is waited for."""

    state: str
    probe_round: int
    clusters: int | None
    silhouette: float | None
    reason: str


class ClusterMember(BaseModel):
    """A client in a cluster, and whether its update or its first task placed it there."""

    client: str
    display_name: str
    placed: str


class Cluster(BaseModel):
    """A cluster: the members of a line."""

    line: str
    version: int
    members: list[ClusterMember]


class Clusters(BaseModel):
    """The clusters of a run; `unplaced` are clients that took part and are in none."""

    run: str
    partition: Partition | None
    clusters: list[Cluster]
    unplaced: list[str]


class RunLine(BaseModel):
    """A run in a list."""

    run: str
    name: str
    state: str
    revision: int
    created_at: str
    ended_at: str | None
    rounds_published: int
    rounds_total: int


class Runs(BaseModel):
    """Every run, newest first."""

    runs: list[RunLine]


class Origin(BaseModel):
    """The version of another run that a run was restarted from; it is its version 0."""

    run: str
    line: str
    version: int
    digest: str
    schema_digest: str
    lineage_digest: str


class Run(RunLine):
    """A run."""

    why: Why
    unmet: dict[str, int]
    error: dict[str, Any] | None
    spec: dict[str, Any]
    backbone_digest: str
    schema_digest: str
    fixed_point: FixedPoint
    rounds: list[Round]
    evaluation: list[EvaluationEntry]
    adapters: list[RunVersion]
    paused_since: str | None
    origin: Origin | None
    lines: list[ClusterLine]
    partition: Partition | None


class Adapter(BaseModel):
    """A published adapter."""

    digest: str
    schema_digest: str
    run: str
    line: str
    version: int
    published_at: str
    discarded_energy: float


class Adapters(BaseModel):
    """Published adapters."""

    adapters: list[Adapter]


class ExportPending(BaseModel):
    """The export is being made; ask again after the delay in `Retry-After`."""

    state: str = "pending"


class FederationEndpoints(BaseModel):
    """host:port of every port."""

    enrolment: str
    session: str
    admin: str
    aggregators: dict[str, str]


class Federation(BaseModel):
    """The federation."""

    federation: str
    version: str
    endpoints: FederationEndpoints


class Problem(BaseModel):
    """A failure (RFC 9457); `reason` is one of the error reference."""

    type: str
    title: str
    status: int
    detail: str
    reason: str
    retryable: bool
    next_step: str
