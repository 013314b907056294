"""The personal adapter of a run, trained a little further in every round and before the evaluation.

It is trained on top of the shared adapter that the round *started* from, not of the one that this
device just trained: the received one is what every device has and what is served, whereas the
locally trained one is never published. A personal adapter that had grown on top of it would correct
for a drift that the next round takes away, and would be given the same lesson twice. The closing
evaluation trains it once more, on top of the final shared adapter, which no round has started from.
"""

from dataclasses import dataclass, replace

from pfi.coordinator.v1.task_pb2 import PersonalTraining as PersonalTask
from pfi.coordinator.v1.task_pb2 import Task
from pfi_client_agent.adapters.personal_store import PersonalMeta, PersonalStore
from pfi_client_agent.application.observer import Observer
from pfi_client_agent.application.ports import Workbench
from pfi_client_agent.application.task_facts import classification_of, personal_options
from pfi_client_agent.domain.classification import HeadValues
from pfi_client_agent.domain.personal_schema import personal_schema
from pfi_client_agent.domain.row_order import derived_seed
from pfi_client_agent.domain.split import Split
from pfi_client_agent.domain.training import (
    BeforeStep,
    PersonalAdapter,
    Score,
    StepOptions,
    Vector,
)
from pfi_common.errors import AdapterInvalidError
from pfi_common.tensors import Schema, flatten, initial_adapter, unflatten


@dataclass(frozen=True)
class PersonalWork:
    """Training of the personal adapter beside one version of the shared one.

    Attributes:
        meta: What the result will belong to; loss and checksum are filled in later.
        schema: Schema of the personal adapter.
        options: How it is trained.
        head: First values of a personal head; none without one.
    """

    meta: PersonalMeta
    schema: Schema
    options: StepOptions
    head: HeadValues


def personal_work(
    task: Task, training: PersonalTask, shared: Schema, bench: Workbench
) -> PersonalWork:
    """Give what a task asks of the personal adapter, and of the head that stays beside it."""
    classification = classification_of(task)
    own_head = classification is not None and classification.head_is_personal
    head = bench.head_tensors if own_head else ()
    meta = PersonalMeta(
        run=task.run,
        round=task.round,
        backbone_model=task.backbone_model,
        backbone_digest=task.backbone_digest,
        shared_digest=task.base.digest,
        shared_schema_digest=shared.digest,
        rank=training.rank,
        alpha=training.alpha,
        sha256="",
        loss=0.0,
    )
    schema = personal_schema(shared, rank=training.rank, alpha=training.alpha, head=head)
    untrained = classification.untrained_head(head) if classification and head else {}
    return PersonalWork(meta, schema, personal_options(task, training), untrained)


@dataclass(frozen=True)
class PersonalTraining:
    """Trains personal adapters and keeps them.

    Attributes:
        store: Where they are kept.
        observer: Is told when one is put aside.
    """

    store: PersonalStore
    observer: Observer

    def train(
        self,
        work: PersonalWork,
        bench: Workbench,
        base: Vector,
        rows: Split,
        before_step: BeforeStep,
    ) -> Score:
        """Train, keep and evaluate the personal adapter; gives its score on held-out rows.

        A task that is repeated, after a restart or in a new attempt, does not train it again.
        """
        known = self._fitting(work)
        if known is not None and _stands_beside(known[0], work.meta):
            return Score(known[0].loss, known[0].accuracy)
        adapter = known[1] if known else _new_adapter(work)
        outcome = bench.train_personal(base, adapter, rows, work.options, before_step)
        trained = PersonalAdapter(work.schema, outcome.vector)
        meta = replace(work.meta, loss=outcome.loss, accuracy=outcome.accuracy)
        self.store.save(trained, meta)
        return Score(outcome.loss, outcome.accuracy)

    def read(self, work: PersonalWork) -> tuple[PersonalMeta, PersonalAdapter]:
        """Give the adapter that `train` has kept, and what is known of it.

        Raises:
            AdapterInvalidError: It is gone, or damaged.
        """
        meta = self.store.find(work.meta.run)
        if meta is None:
            raise AdapterInvalidError("The personal adapter has gone from the state folder.")
        return meta, self.store.load(meta, work.schema)

    def _fitting(self, work: PersonalWork) -> tuple[PersonalMeta, PersonalAdapter] | None:
        """Give the run's adapter if it is of this schema; one that is not is put aside."""
        run, schema = work.meta.run, work.schema
        meta = self.store.find(run)
        if meta is None and not self.store.path(run).exists():
            return None
        if meta is not None and _belongs_together(meta, work.meta):
            try:
                return meta, self.store.load(meta, schema)
            except AdapterInvalidError:
                # Damaged on the disk: put aside like one that does not fit.
                meta = None
        self.store.archive(run)
        self.observer.personal_archived(run)
        return None


def _stands_beside(known: PersonalMeta, wanted: PersonalMeta) -> bool:
    return known.round >= wanted.round and known.shared_digest == wanted.shared_digest


def _belongs_together(known: PersonalMeta, wanted: PersonalMeta) -> bool:
    return (
        known.backbone_digest == wanted.backbone_digest
        and known.shared_schema_digest == wanted.shared_schema_digest
        and (known.rank, known.alpha) == (wanted.rank, wanted.alpha)
    )


def _new_adapter(work: PersonalWork) -> PersonalAdapter:
    """Make version 0: LoRA of the task's seed, and the head that every device begins with."""
    seed = derived_seed(work.options.seed, "initial")
    tensors = unflatten(work.schema, initial_adapter(work.schema, seed))
    return PersonalAdapter(work.schema, flatten(work.schema, {**tensors, **work.head}))
