"""Trains what a task uploads: the shared adapter, its part of this device's rank, or a fresh one.

Only this is done at the rank of the device's class. Personal adapters are trained beside the whole
shared adapter, which is also what is evaluated and what answers: applying it costs no more than a
part of it, and one adapter's figures can be compared over all devices.
"""

from dataclasses import dataclass

from pfi.coordinator.v1.task_pb2 import Task
from pfi_client_agent.application.ports import Learner
from pfi_client_agent.application.task_facts import (
    open_bench,
    rank_change_of,
    shared_options,
)
from pfi_client_agent.domain.row_order import derived_seed
from pfi_client_agent.domain.split import Split
from pfi_client_agent.domain.training import (
    BeforeStep,
    FreshAdapter,
    PersonalAdapter,
    SharedOutcome,
    Vector,
)
from pfi_common.tensors import Schema, initial_adapter


@dataclass(frozen=True)
class UploadTraining:
    """Training of what one task uploads.

    Attributes:
        task: A training task.
        base: The whole shared adapter, as it was decoded.
        rows: Rows of the run.
        before_step: Called before every step.
    """

    task: Task
    base: Vector
    rows: Split
    before_step: BeforeStep

    def perform(self, learner: Learner, personal: PersonalAdapter | None) -> SharedOutcome:
        """Train; the outcome's `delta` is in the schema that the task's ticket names.

        Args:
            learner: Makes workbenches.
            personal: Holds a personal head; see `Workbench.train_shared`.

        Raises what `Learner.open` and `Workbench.train_shared` raise.
        """
        change, options = rank_change_of(self.task), shared_options(self.task)
        if self.task.train.fresh_adapter:
            bench = open_bench(learner, self.task, change.shared)
            fresh = FreshAdapter(change.client, fresh_values(self.task, change.client), personal)
            return bench.train_fresh(self.base, fresh, self.rows, options, self.before_step)
        bench = open_bench(learner, self.task, change.client)
        start = change.narrow(self.base)
        return bench.train_shared(start, self.rows, options, self.before_step, personal)


def fresh_values(task: Task, schema: Schema) -> Vector:
    """Make a fresh adapter's first values, as version 0 of a line is made.

    All clients of a round begin with the same factor A, or with the same first rows of it, so that
    the sum of their products needs few directions more than one client's.
    """
    seed = derived_seed(task.held_out_seed, f"fresh adapter of round {task.round}")
    return initial_adapter(schema, seed)
