"""A sealed round in a real spool, and readers of it for every rule."""

import hashlib
import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from pfi.aggregator.v1 import ticket_pb2, update_service_pb2
from pfi.common.v1 import signed_pb2
from pfi_aggregator.adapters.spool.budget import SpoolBudget
from pfi_aggregator.adapters.spool.incoming import SpoolIncoming
from pfi_aggregator.adapters.spool.layout import SpoolLayout
from pfi_aggregator.adapters.spool.reader import SpoolReader
from pfi_aggregator.adapters.spool.round_keys import RoundKeys
from pfi_aggregator.adapters.spool.rounds import SpoolRounds
from pfi_aggregator.application.ports import StoredUpdate
from pfi_aggregator.domain.adapter import AdapterReference
from pfi_aggregator.domain.aggregation_rule import (
    AggregationRule,
    KrumRule,
    MedianRule,
    TrimmedMeanRule,
)
from pfi_aggregator.domain.counting import count_update
from pfi_aggregator.domain.round_key import RoundKey
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.server_optimizer import Sgd
from pfi_aggregator.domain.update import CountedUpdate
from pfi_aggregator.failpoints import Failpoints
from pfi_aggregator.wire.tickets import read_ticket
from pfi_aggregator.wire.updates import read_header
from pfi_common.tensors import FP32, Schema, Tensor, plan_fixed_point

COORDINATES = 16_000_000
UPDATES = 100
KEY = RoundKey("r-0000000001", 1, 1, "global")
RULES: Mapping[str, str] = {
    "median": "median",
    "trimmed mean": "trimmed_mean, trimmed_share 0.2",
    "krum": "krum, attackers 20",
    "multi-krum": "multi_krum, attackers 20, selected 78",
    "median, buckets of 2": "median, bucket_size 2",
}
_RULES: Mapping[str, AggregationRule] = {
    "median": AggregationRule(MedianRule()),
    "trimmed mean": AggregationRule(TrimmedMeanRule(0.2)),
    "krum": AggregationRule(KrumRule(20, 1)),
    "multi-krum": AggregationRule(KrumRule(20, 78)),
    "median, buckets of 2": AggregationRule(MedianRule(), bucket_size=2, bucket_seed=7),
}
_WRAPPING_KEY = bytes(32)
_PIECE_BYTES = 1 << 20
_EXPIRY = datetime(2100, 1, 1, tzinfo=UTC)


def fill_spool(folder: Path) -> None:
    """Uploads, commits and seals the round."""
    root = folder / "spool"
    root.mkdir()
    layout, keys = SpoolLayout(root), _keys(folder)
    rounds = SpoolRounds(layout, keys, Failpoints())
    budget = SpoolBudget(None, rounds.committed_bytes, lambda: shutil.disk_usage(root).free)
    incoming = SpoolIncoming(layout, keys, budget)
    rounds.recover()
    incoming.recover()
    plan = round_plan("median")
    rounds.open(plan)
    for number in range(UPDATES):
        _commit(rounds, incoming, plan, number)
    rounds.seal(KEY)


def round_plan(rule: str) -> RoundPlan:
    """The plan of the round under a rule."""
    module = "base_model.model.layers.0.self_attn.q_proj"
    schema = Schema((Tensor(f"{module}.lora_A.weight", (8, COORDINATES // 8)),), 8, 16, ("q_proj",))
    return RoundPlan(
        key=KEY,
        schema=schema,
        base=AdapterReference("0" * 64, schema.digest, KEY.run, KEY.line, 0),
        fixed_point=plan_fixed_point(10.0, UPDATES, 4096),
        clip_norm=0.0,
        minimum_updates=UPDATES,
        server_optimizer=Sgd(1.0, 0.0),
        optimizer_state_digest="",
        rule=_RULES[rule],
    )


class RuleReader:
    """The sealed round as if it had been opened with another rule."""

    def __init__(self, folder: Path, rule: str) -> None:
        self._reader = SpoolReader(SpoolLayout(folder / "spool"), _keys(folder))
        self._rule = _RULES[rule]

    def plan(self, key: RoundKey) -> RoundPlan:
        """The plan with the rule."""
        return replace(self._reader.plan(key), rule=self._rule)

    def counted(self, key: RoundKey) -> tuple[CountedUpdate, ...]:
        """The counted set."""
        return self._reader.counted(key)

    def read(self, key: RoundKey, task: str) -> AbstractContextManager[StoredUpdate]:
        """An update."""
        return self._reader.read(key, task)


def _keys(folder: Path) -> RoundKeys:
    return RoundKeys(folder / "spool-keys", _WRAPPING_KEY)


def _commit(rounds: SpoolRounds, incoming: SpoolIncoming, plan: RoundPlan, number: int) -> None:
    generator = np.random.default_rng(number)
    values = generator.standard_normal(COORDINATES, dtype=np.float32)
    values *= np.float32(0.01)
    payload = values.data.cast("B")
    header = read_header(_header(plan, payload, number))
    scanner = plan.scanner(FP32, plan.schema.digest)
    task = f"{KEY.run}.{number:04d}"
    partial = incoming.begin(task, header)
    for start in range(0, len(payload), _PIECE_BYTES):
        piece = bytes(payload[start : start + _PIECE_BYTES])
        scanner.update(piece)
        partial.append(piece)
    partial.close()
    ticket = read_ticket(_ticket(plan, number))
    rounds.commit(count_update(header, ticket, scanner.finish(), plan))


def _ticket(plan: RoundPlan, number: int) -> ticket_pb2.UploadTicket:
    ticket = ticket_pb2.UploadTicket(
        run=KEY.run,
        round=KEY.round,
        attempt=KEY.attempt,
        line=KEY.line,
        task=f"{KEY.run}.{number:04d}",
        client=f"c-{number:012d}",
        key_sha256="0" * 64,
        schema_digest=plan.schema.digest,
        base_digest=plan.base.digest,
        spool="spool-0",
        encoding=FP32,
        maximum_bytes=4 * COORDINATES,
        maximum_examples=1000,
    )
    ticket.expiry_time.FromDatetime(_EXPIRY)
    return ticket


def _header(plan: RoundPlan, payload: memoryview, number: int) -> Any:  # noqa: ANN401 - a message
    signed = signed_pb2.SignedStatement(payload=_ticket(plan, number).SerializeToString())
    return update_service_pb2.UpdateHeader(
        ticket=signed,
        encoding=FP32,
        payload_bytes=len(payload),
        payload_sha256=hashlib.sha256(payload).hexdigest(),
        example_count=100,
        steps_done=20,
        base_digest=plan.base.digest,
    )
