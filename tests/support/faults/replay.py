"""Does a finished run again, undisturbed, in this process, and compares every bit.

The only inputs are the specification, the backbone, the clients' rows and the client ids. Each
update is trained again with the agent's own learner; each adapter is computed from these updates
with the plain integers of `recomputation`. So an adapter that is equal is the one that no fault
has touched, and a payload that is equal was trained, or trained again, from the task's seed.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tests.support.faults.logs import read_events
from tests.support.faults.recomputation import Counted, digest, fraction_bits, next_adapter

from pfi.aggregator.v1.lineage_pb2 import CountedUpdate, Lineage
from pfi.common.v1.adapter_pb2 import AdapterReference
from pfi.common.v1.signed_pb2 import SignedStatement
from pfi.coordinator.v1.task_pb2 import Task
from pfi_cli.api.runs import Round, Run
from pfi_client_agent.adapters.data_file import read_data
from pfi_client_agent.adapters.digest_cache import DigestCache
from pfi_client_agent.adapters.learning.description import describe_backbone
from pfi_client_agent.adapters.learning.learner import TorchLearner
from pfi_client_agent.application.task_facts import backbone_of, shared_options, split_of
from pfi_common.spec import (
    Description,
    RunSpec,
    compile_train_task,
    download_encoding,
    parse_run_spec,
)
from pfi_common.tensors import FP32, decode, encode, initial_adapter

if TYPE_CHECKING:
    from tests.support.faults.federation import FaultFederation


class Replay:
    """What an agent would learn if nothing ever went wrong.

    Args:
        folder: For what is known of backbones.
    """

    def __init__(self, folder: Path) -> None:
        self._cache = DigestCache(folder / "backbones.json")
        self._learner = TorchLearner(self._cache, None, threads=1, held_out_limit=256)
        self._descriptions: dict[str, Description] = {}

    def describe(self, spec: RunSpec) -> Description:
        """What `pfi-agent describe` says."""
        key = f"{spec.adapter.model_dump_json()}{spec.shared_rank}{spec.backbone.model_dump_json()}"
        if key not in self._descriptions:
            folder = Path(spec.backbone.model)
            self._descriptions[key] = describe_backbone(spec, folder, self._cache)
        return self._descriptions[key]

    def check(self, federation: FaultFederation, run: Run, *, rows_kept: bool = True) -> None:
        """Compares every version of a completed run with what it must be.

        Args:
            federation: Where it ran.
            run: As the admin API describes it at its end.
            rows_kept: Whether the store knows of every receipt that it was shown.
        """
        spec = parse_run_spec(run.spec)
        schema = self.describe(spec).adapter_schema
        base = initial_adapter(schema, spec.seed).astype("<f4").tobytes()
        published = {item.version: item for item in run.adapters}
        lost: dict[str, np.ndarray] = {}
        told = _Told.of(federation)
        assert sorted(published) == list(range(spec.stop.rounds + 1))
        assert published[0].digest == digest(base)
        assert [each.round for each in run.rounds] == list(range(1, spec.stop.rounds + 1))
        for each in run.rounds:
            lineage = _lineage(federation, published[each.round].lineage_digest)
            assert lineage.parent_digest == digest(base)
            _check_counted_set(told, each, lineage)
            reported = {item.task for item in each.cohort if item.state == "completed"}
            counted = {item.task for item in lineage.counted}
            assert reported == counted if rows_kept else reported <= counted
            updates = [self._again(federation, run, base, item, lost) for item in lineage.counted]
            bits = fraction_bits(
                spec.aggregate.coordinate_limit, spec.selected_count, spec.aggregate.max_weight
            )
            base = next_adapter(base, updates, bits)
            assert published[each.round].digest == digest(base) == lineage.adapter.digest

    def _again(
        self,
        federation: FaultFederation,
        run: Run,
        base: bytes,
        counted: CountedUpdate,
        lost: dict[str, np.ndarray],
    ) -> Counted:
        """Trains one counted update again; `lost` is what each client's last counted one lost."""
        spec = parse_run_spec(run.spec)
        task = self._task(run, spec, base, counted)
        bench = self._learner.open(backbone_of(task), self.describe(spec).adapter_schema)
        rows = split_of(task, read_data(federation.rows_of(counted.client)))
        vector = _as_downloaded(spec, base)
        outcome = bench.train_shared(vector, rows, shared_options(task), lambda _: None)
        encoding, feeds_back = task.train.upload_encoding, task.train.error_feedback
        update = outcome.delta
        if feeds_back and counted.client in lost:
            update = update + lost[counted.client]
        payload = encode(encoding, update, seed=None if feeds_back else task.seed)
        assert hashlib.sha256(payload).hexdigest() == counted.payload_sha256, counted.task
        assert counted.weight_units == 256 * outcome.distinct_rows
        decoded = decode(encoding, payload, update.size)
        lost[counted.client] = update - decoded
        return Counted(encode(FP32, decoded), counted.weight_units, counted.clip_factor)

    def _task(self, run: Run, spec: RunSpec, base: bytes, counted: CountedUpdate) -> Task:
        number = int(counted.task.split(".")[1])
        seed = hashlib.sha256(f"{run.run}|{number}|{counted.client}".encode()).digest()
        return Task(
            run=run.run,
            round=number,
            backbone_model=spec.backbone.model,
            backbone_digest=self.describe(spec).backbone_digest,
            base=AdapterReference(digest=digest(base)),
            seed=int.from_bytes(seed[:8], "big"),
            held_out_fraction=spec.evaluate.holdout,
            held_out_seed=spec.seed,
            train=compile_train_task(spec, SignedStatement()),
        )


def _as_downloaded(spec: RunSpec, base: bytes) -> np.ndarray:
    """The base as clients decode it."""
    vector = decode(FP32, base, len(base) // 4)
    form = download_encoding(spec) or FP32
    return decode(form, encode(form, vector), vector.size)


@dataclass(frozen=True)
class _Told:
    """What the logs tell of all rounds.

    Attributes:
        commits: How often each task was committed.
        completed: Tasks whose receipt an agent holds.
        sealed: Events of seals.
    """

    commits: Counter[str]
    completed: frozenset[str]
    sealed: Sequence[dict[str, Any]]

    @classmethod
    def of(cls, federation: FaultFederation) -> _Told:
        log = federation.layout.log("aggregator")
        return cls(
            Counter(event["task"] for event in read_events(log, "update_committed")),
            frozenset(
                event["task"]
                for agent_log in federation.agent_logs()
                for event in read_events(agent_log, "task_completed")
            ),
            read_events(log, "spool_round_sealed"),
        )


def _check_counted_set(told: _Told, each: Round, lineage: Lineage) -> None:
    """Counted = sealed = receipts that agents hold, each committed once."""
    tasks = [item.task for item in lineage.counted]
    assert lineage.attempt == each.attempt
    assert len(set(tasks)) == len(tasks) == each.counted
    assert len({item.client for item in lineage.counted}) == len(tasks)
    for task in tasks:
        assert told.commits[task] <= 1
        assert task in told.completed, f"no agent holds a receipt of {task}"
    key = {"run": lineage.adapter.run, "round": each.round, "attempt": lineage.attempt}
    sealed = [event for event in told.sealed if key.items() <= event.items()]
    assert {event["updates"] for event in sealed} == {len(tasks)}


def _lineage(federation: FaultFederation, lineage_digest: str) -> Lineage:
    folder = federation.layout.artifacts / "lineages"
    statement = (folder / lineage_digest[:2] / lineage_digest).read_bytes()
    assert hashlib.sha256(statement).hexdigest() == lineage_digest
    return Lineage.FromString(SignedStatement.FromString(statement).payload)
