"""What a report says, as values; `report.json` is exactly this."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from pfi_cli.api.runs import GLOBAL


class Figure(BaseModel):
    """A part of a report."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ClientOutcome(Figure):
    """Loss of one client on its own held-out rows at the end (nats per token, or per row).

    A classifier's client also has the shares of rows whose label is predicted. `shared` is the
    adapter of the client's line, and `device_class` that of its last task; empty for none.
    """

    client: str
    name: str
    line: str = GLOBAL
    device_class: str = ""
    held_out_rows: int
    backbone: float
    shared: float
    personal: float | None
    accuracy_backbone: float | None = None
    accuracy_shared: float | None = None
    accuracy_personal: float | None = None

    @property
    def shared_is_worse(self) -> bool:
        """Whether the shared adapter did this client harm."""
        return self.shared > self.backbone


class SilentClient(Figure):
    """A client that was asked for the closing evaluation and did not report, and its state."""

    client: str
    name: str
    state: str


class Spread(Figure):
    """Mean over clients, each counting the same, and how far they lie apart.

    Attributes:
        mean: Arithmetic mean.
        deviation: Sample standard deviation; 0 for one client.
        lowest: Best client.
        highest: Worst client.
    """

    mean: float
    deviation: float
    lowest: float
    highest: float


class LossSummary(Figure):
    """Spread over clients of the loss with each model."""

    backbone: Spread
    shared: Spread
    personal: Spread | None


class AccuracySummary(Figure):
    """Spread over clients of a classifier's accuracy with each model."""

    backbone: Spread
    shared: Spread
    personal: Spread | None


class VersionLoss(Figure):
    """Loss per client with one version of a line's shared adapter, by client name."""

    line: str = GLOBAL
    version: int
    by_client: dict[str, float]


class RoundTime(Figure):
    """Where the wall time of a round's last attempt went (seconds).

    The times of a client are those of the client that worked longest; with `rest` they add up to
    `wall`, but for a reopened round: a client may have done its work in an earlier attempt.

    Attributes:
        wall: From the opening to the next round's; of the last round to its published adapter.
        training: Optimiser steps on the shared adapter.
        evaluation: Evaluation, and training of the personal adapter.
        transfer: Loading, download, upload and waiting for the receipt.
        rest: Selection, sealing, publication and waiting for each other.
        merge: Reading, merging and optimising in the aggregator; a part of `rest`.
        longest_work: Training and evaluation of the client that worked longest.
        overhead: `wall` less `longest_work`, at least 0; None for a reopened round.
    """

    wall: float
    training: float
    evaluation: float
    transfer: float
    rest: float
    merge: float
    longest_work: float
    overhead: float | None


class RoundOutcome(Figure):
    """One round of a line."""

    line: str = GLOBAL
    round: int
    attempt: int
    selected: int
    counted: int
    clipped: int
    capped: int
    left_out: int = 0
    up_bytes: int
    down_bytes: int
    down_clients: int
    time: RoundTime


class TrafficComparison(Figure):
    """Payload bytes of a round with adapters against those with every parameter in float32.

    Attributes:
        measured_bytes: Mean over rounds, up and down, of the clients whose bytes are known.
        full_up_bytes: Parameters times 4 bytes, for each counted update.
        full_down_bytes: Parameters times 4 bytes, for each client that reported its download.
        full_bytes: Both.
        times_less: How many times less is sent.
    """

    measured_bytes: float
    full_up_bytes: float
    full_down_bytes: float
    full_bytes: float
    times_less: float


class EncodingOutcome(Figure):
    """Updates of one client in one encoding, over the published rounds.

    Attributes:
        updates: How many there were.
        update_bytes: Payload of one, mean.
        share_of_fp32: Of the bytes that float32 would take.
        mean_error: L2 norm of what the encoding lost, over that of the update; None when unknown.
        highest_error: The highest of these.
    """

    client: str
    name: str
    encoding: str
    updates: int
    update_bytes: float
    share_of_fp32: float
    mean_error: float | None
    highest_error: float | None


class AdapterEvidence(Figure):
    """A shared adapter that was read back and verified."""

    line: str = GLOBAL
    version: int
    digest: str
    lineage_digest: str
    counted: int
    payload_bytes: int


class PersonalEvidence(Figure):
    """A personal adapter on this machine that was read back and verified."""

    client: str
    name: str
    file: str
    sha256: str


class PartitionOutcome(Figure):
    """How the clients were grouped; 1 cluster when the run went on as one line."""

    probe_round: int
    clusters: int
    silhouette: float | None
    reason: str


class ClusterOutcome(Figure):
    """What the line of a cluster reached.

    Attributes:
        reported: Clients of the line that reported at the end.
        losses: Their losses; None when there is none.
        failure: Why the line failed; None when it did not.
    """

    line: str
    state: str
    members: int
    version: int
    reported: int
    losses: LossSummary | None
    failure: str | None


class ClientAnswers(Figure):
    """How many of a client's private questions were answered with the right value.

    Attributes:
        name: The client.
        questions: How many were asked.
        without_index: Right ones by the client itself, without passages.
        own_index: Right ones by the client itself, with passages of its own index.
        other_index: Right ones by another client, with passages of that one's index; None when
            there is no other.
        foreign_searches: Searches in another client's index with this client's certificate.
        foreign_passages: Passages that these gave.
    """

    name: str
    questions: int
    without_index: int
    own_index: int
    other_index: int | None
    foreign_searches: int
    foreign_passages: int


class AnswerFigures(Figure):
    """Exact match over the private questions of all clients, as shares of the questions.

    Attributes:
        clients: Each client's.
        without_index: Without passages.
        own_index: With the client's own index.
        other_index: With another client's index; None when there is one client alone.
        gain: `own_index` less `without_index`.
    """

    clients: Sequence[ClientAnswers]
    without_index: float
    own_index: float
    other_index: float | None
    gain: float


class Report(Figure):
    """Everything that a report says."""

    run: str
    name: str
    created_at: datetime
    ended_at: datetime
    backbone: str
    backbone_digest: str
    parameter_count: int
    coordinate_count: int
    spec: dict[str, object]
    clients: Sequence[ClientOutcome]
    silent_clients: Sequence[SilentClient]
    losses: LossSummary
    accuracies: AccuracySummary | None = None
    history: Sequence[VersionLoss]
    rounds: Sequence[RoundOutcome]
    traffic: TrafficComparison
    encodings: Sequence[EncodingOutcome] = Field(default_factory=list)
    adapters: Sequence[AdapterEvidence]
    personal_adapters: Sequence[PersonalEvidence]
    records_elsewhere: Sequence[str] = Field(default_factory=list)
    statements_verified: int
    partition: PartitionOutcome | None
    clusters: Sequence[ClusterOutcome]
    answers: AnswerFigures | None = None
