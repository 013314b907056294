"""Builds tasks as a coordinator does."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pfi.aggregator.v1.ticket_pb2 import UploadTicket
from pfi.common.v1.adapter_pb2 import AdapterReference
from pfi.coordinator.v1.task_pb2 import Task
from pfi_common.clock import SystemClock
from pfi_common.identity import LocalIdentity, StatementSigner
from pfi_common.spec import (
    RunSpec,
    client_schema,
    compile_classification,
    compile_evaluate_task,
    compile_train_task,
    parse_run_spec,
    upload_encoding,
)
from pfi_common.tensors import Schema, encoded_size_bytes

RUN = "r-0000000001"


def tiny_spec(folder: Path, **changes) -> RunSpec:
    """A run of a few short steps."""
    document = {
        "name": "tiny",
        "backbone": {"model": str(folder)},
        "adapter": {"rank": 4, "alpha": 8},
        "local": {"steps": 3, "batch_size": 2, "learning_rate": 0.01, "maximum_tokens": 48},
        "personalize": {"method": "dual_adapter", "rank": 2, "alpha": 4, "steps": 2,
                        "learning_rate": 0.01},
        "encoding": {"upload": "int8_block"},
        "evaluate": {"holdout": 0.25},
    }  # fmt: skip
    return parse_run_spec(document | changes)


@dataclass(frozen=True)
class TaskBuilder:
    """Makes tasks of one run for one client.

    Attributes:
        spec: The run.
        schema: Its adapter schema.
        backbone_digest: Its backbone's digest.
        client: Whom tasks are for.
        signer: Signs tickets.
    """

    spec: RunSpec
    schema: Schema
    backbone_digest: str
    client: LocalIdentity
    signer: StatementSigner

    def train(
        self,
        base_digest: str,
        *,
        round_number=1,
        attempt=1,
        ticket=None,
        counted_round=0,
        device_class="",
        **fields,
    ) -> Task:
        """A training task; `ticket` changes fields of its ticket."""
        task = self._task(base_digest, round_number, attempt, **fields)
        trained = client_schema(self.spec, self.schema, device_class)
        statement = self.signer.sign(self._ticket(task, trained, ticket or {}))
        other = trained if trained != self.schema else None
        task.train.CopyFrom(compile_train_task(self.spec, statement, client_schema=other))
        task.train.counted_round = counted_round
        return task

    def evaluate(self, digest: str, *, round_number=1) -> Task:
        """The task that closes the run."""
        task = self._task(digest, round_number, 1)
        task.task = f"{RUN}.eval.{self.client.identity.name}"
        task.evaluate.CopyFrom(compile_evaluate_task(self.spec))
        return task

    def place(self, lines: dict[str, str], *, maximum_tokens=48, number=1, **fields) -> Task:
        """The task of a newcomer; `lines` gives the digest of each line's newest adapter."""
        task = self._task(next(iter(lines.values())), 1, 1, **fields)
        task.task = f"{RUN}.place.{number}.{self.client.identity.name}"
        task.place.maximum_tokens = maximum_tokens
        for line, digest in lines.items():
            reference = AdapterReference(
                digest=digest, schema_digest=self.schema.digest, run=RUN, line=line, version=2
            )
            task.place.candidates.add(adapter=reference)
        return task

    def _task(self, digest: str, round_number: int, attempt: int, **fields) -> Task:
        client = self.client.identity.name
        values = {
            "task": f"{RUN}.{round_number}.{attempt}.{client}",
            "run": RUN,
            "round": round_number,
            "attempt": attempt,
            "backbone_model": self.spec.backbone.model,
            "backbone_digest": self.backbone_digest,
            "base": AdapterReference(
                digest=digest,
                schema_digest=self.schema.digest,
                run=RUN,
                line="global",
                version=round_number - 1,
            ),
            "schema": self.schema.to_proto(),
            "spool": "spool-0",
            "seed": 1000 + round_number,
            "held_out_fraction": self.spec.evaluate.holdout,
            "held_out_seed": 77,
            "classification": compile_classification(self.spec),
        }
        task = Task(**(values | fields))
        task.deadline_time.FromDatetime(SystemClock().now() + timedelta(minutes=2))
        return task

    def _ticket(self, task: Task, trained: Schema, changes: dict) -> UploadTicket:
        encoding = upload_encoding(self.spec)
        values = {
            "run": task.run,
            "round": task.round,
            "attempt": task.attempt,
            "line": task.base.line,
            "task": task.task,
            "client": self.client.identity.name,
            "key_sha256": self.client.key_sha256,
            "schema_digest": trained.digest,
            "base_digest": task.base.digest,
            "base_payload_sha256": task.base_form.payload_sha256,
            "spool": task.spool,
            "encoding": encoding,
            "maximum_bytes": encoded_size_bytes(encoding, trained.coordinate_count),
            "maximum_examples": 100,
            "expiry_time": task.deadline_time,
        }
        return UploadTicket(**(values | changes))
