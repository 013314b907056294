"""What every implementation of the aggregator's other ports does."""

from datetime import UTC, datetime

import numpy as np
import pytest
from prometheus_client import CollectorRegistry
from tests.support.aggregator.artifacts import InMemoryArtifacts
from tests.support.aggregator.builders import (
    KEY,
    make_plan,
    make_record,
    make_schema,
    make_upload,
    unsigned,
)
from tests.support.aggregator.small_twins import (
    InMemoryLeaderTokens,
    JsonArchive,
    RecordingMeter,
)
from tests.support.aggregator.statements import PlainStatements
from tests.support.certificates import FederationFixture

from pfi.common.v1.signed_pb2 import SignedStatement
from pfi_aggregator.adapters.leader_tokens import FileLeaderTokens
from pfi_aggregator.adapters.peft_archive import PeftArchive
from pfi_aggregator.adapters.statements import SignedStatements
from pfi_aggregator.application.ports import AdapterOrigin
from pfi_aggregator.domain.lineage import Lineage
from pfi_aggregator.domain.partial_sum import PartialSum
from pfi_aggregator.domain.receipt import Receipt
from pfi_aggregator.domain.update import summarize
from pfi_aggregator.metrics import AggregatorMetrics
from pfi_aggregator.wire.partial_sums import write_partial_sum
from pfi_aggregator.wire.tickets import read_ticket
from pfi_common.artifacts import open_artifact_store
from pfi_common.errors import ArtifactUnknownError, SignatureInvalidError, TicketInvalidError

PLAN = make_plan()
UPLOAD = make_upload(PLAN)
UPDATE = summarize(make_record(PLAN, UPLOAD))


@pytest.fixture(params=["twin", "signed"])
def statements(request, tmp_path):
    """The port, and the coordinator's way to sign a ticket for it."""
    if request.param == "twin":
        return PlainStatements(), unsigned
    federation = FederationFixture(tmp_path)
    signer = federation.signer("aggregator/spool-0")
    return SignedStatements(signer, federation.verifier()), federation.signer("coordinator").sign


class TestStatements:
    def test_a_genuine_ticket_is_read(self, statements):
        port, sign = statements
        statement = sign(UPLOAD.ticket).SerializeToString()
        assert port.read_ticket(statement) == read_ticket(UPLOAD.ticket)

    def test_a_forged_ticket_is_refused(self, statements):
        port, sign = statements
        statement = sign(UPLOAD.ticket)
        statement.signature = b"0" * 64
        with pytest.raises(TicketInvalidError):
            port.read_ticket(statement.SerializeToString())

    def test_a_ticket_for_a_path_outside_is_refused(self, statements):
        port, sign = statements
        ticket = make_upload(PLAN).ticket
        ticket.task = "../../etc"
        with pytest.raises(TicketInvalidError):
            port.read_ticket(sign(ticket).SerializeToString())

    def test_equal_receipts_have_equal_bytes(self, statements):
        port, _ = statements
        receipts = [port.sign_receipt(Receipt(KEY, UPDATE.counted, voided=False)) for _ in "ab"]
        assert receipts[0] == receipts[1]
        assert receipts[0] != port.sign_receipt(Receipt(KEY, UPDATE.counted, voided=True))

    def test_a_lineage_is_read_back(self, statements):
        port, _ = statements
        time = datetime(2026, 1, 1, tzinfo=UTC)
        lineage = Lineage(PLAN.base, "", 7, 1, (UPDATE.counted,), "ef" * 32, time)
        assert port.read_lineage(port.sign_lineage(lineage)) == lineage
        assert port.verify_lineage(port.sign_lineage(lineage), "spool-0") == lineage

    def test_a_partial_sum_is_read_back(self, statements):
        port, _ = statements
        digest = port.plan_sha256(PLAN)
        assert digest == port.plan_sha256(make_plan())
        partial = PartialSum(KEY, "spool-0", digest, "ab" * 32, 512, (UPDATE.counted,))
        statement = port.sign_partial_sum(partial)
        assert statement == port.sign_partial_sum(partial)
        assert port.read_partial_sum(statement) == partial

    def test_forged_statements_of_other_aggregators_are_refused(self, statements):
        port, sign = statements
        partial = PartialSum(KEY, "spool-0", "", "", 0, ())
        for forged in (
            sign(write_partial_sum(partial)),
            SignedStatement.FromString(port.sign_partial_sum(partial)),
        ):
            forged.signature = b"0" * 64
            with pytest.raises(SignatureInvalidError):
                port.read_partial_sum(forged.SerializeToString())
            with pytest.raises(SignatureInvalidError):
                port.verify_lineage(forged.SerializeToString(), "spool-0")


@pytest.fixture(params=["twin", "files"])
def artifacts(request, tmp_path):
    if request.param == "twin":
        return InMemoryArtifacts()
    return open_artifact_store(f"file://{tmp_path}/artifacts")


class TestArtifacts:
    async def test_objects(self, artifacts):
        digest = await artifacts.put("adapters", memoryview(b"0123456789"))
        assert await artifacts.get("adapters", digest) == b"0123456789"
        assert await artifacts.size("adapters", digest) == 10
        assert await artifacts.read_range("adapters", digest, 8, 10) == b"89"
        with pytest.raises(ArtifactUnknownError):
            await artifacts.get("schemas", digest)

    async def test_pointers(self, artifacts):
        assert await artifacts.get_named("lines/r/global/0.json") is None
        for data in (b"old", b"new"):
            await artifacts.put_named("lines/r/global/0.json", data)
            assert await artifacts.get_named("lines/r/global/0.json") == data

    async def test_deleting(self, artifacts):
        digest = await artifacts.put("partials", b"sums")
        await artifacts.put_named("reductions/r/global/1.1/0", b"piece")
        assert await artifacts.list_named("reductions/r") == ["reductions/r/global/1.1/0"]
        for _ in range(2):
            await artifacts.delete("partials", digest)
            await artifacts.delete_named("reductions/r/global/1.1/0")
        with pytest.raises(ArtifactUnknownError):
            await artifacts.get("partials", digest)
        assert await artifacts.list_named("reductions/r") == []


@pytest.fixture(params=["twin", "file"])
def tokens(request, tmp_path):
    return InMemoryLeaderTokens() if request.param == "twin" else FileLeaderTokens(tmp_path / "t")


def test_leader_tokens_keep_the_highest(tokens):
    assert tokens.highest() == 0
    for token in (3, 2**63):
        tokens.raise_to(token)
        assert tokens.highest() == token


def counts_of(meter) -> dict[str, float]:
    """What a meter has counted, in the twin's words."""
    if isinstance(meter, RecordingMeter):
        return meter.counts
    registry = meter.registry_of_test
    names = {
        "committed": "pfi_aggregator_updates_committed_total",
        "payload_bytes": "pfi_aggregator_payload_bytes_total",
        "merged": "pfi_aggregator_merge_seconds_count",
        "left_out": "pfi_aggregator_updates_left_out_total",
    }
    counts = {key: registry.get_sample_value(name) for key, name in names.items()}
    refused = registry.get_sample_value(
        "pfi_aggregator_updates_refused_total", {"reason": "TICKET_INVALID"}
    )
    return counts | {"refused TICKET_INVALID": refused}


@pytest.fixture(params=["twin", "prometheus"])
def meter(request):
    if request.param == "twin":
        return RecordingMeter()
    registry = CollectorRegistry()
    metrics = AggregatorMetrics(registry)
    metrics.registry_of_test = registry
    return metrics


def test_a_meter_counts(meter):
    meter.update_committed(UPDATE)
    meter.update_committed(UPDATE)
    meter.update_refused("TICKET_INVALID")
    meter.round_merged(0.5, 2)
    counts = counts_of(meter)
    assert counts["committed"] == 2
    assert counts["payload_bytes"] == 2 * len(UPLOAD.payload)
    assert counts["refused TICKET_INVALID"] == counts["merged"] == 1
    assert counts["left_out"] == 2


@pytest.mark.parametrize("archive", [JsonArchive(), PeftArchive()])
def test_an_archive_is_a_function_of_its_arguments(archive):
    schema, origin = make_schema(), AdapterOrigin("ab" * 32, "models/tiny", None)
    vector = np.arange(schema.coordinate_count, dtype=np.float32)
    assert archive.build(schema, vector, origin) == archive.build(schema, vector.copy(), origin)
    assert archive.build(schema, vector, origin) != archive.build(schema, vector + 1, origin)
