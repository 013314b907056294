"""The task of a newcomer to a run with clusters: which line fits this device's rows best?

The line whose adapter has the lowest loss on the device's training rows wins (IFCA, Ghosh et al.
2020, "An Efficient Framework for Clustered Federated Learning", algorithm 1, line 6). The line's
name is all that is told: neither losses nor how many rows there were.
"""

from dataclasses import dataclass

from pfi.coordinator.v1.session_service_pb2 import TaskCompleted
from pfi.coordinator.v1.task_pb2 import PlacementCandidate, Task
from pfi_client_agent.adapters.state_folder import safe_name
from pfi_client_agent.adapters.wanted_forms import wanted_adapter
from pfi_client_agent.application.control import TaskControl
from pfi_client_agent.application.ports import Learner
from pfi_client_agent.application.task_facts import open_bench, schema_of, split_of
from pfi_client_agent.application.transfers import Transfers
from pfi_client_agent.application.workplace import Workplace
from pfi_client_agent.domain.split import Split
from pfi_client_agent.domain.training import Vector
from pfi_common.errors import InvalidRequestError
from pfi_common.tensors import Schema

_FEWEST_CANDIDATES = 2


async def perform_place_task(task: Task, place: Workplace, control: TaskControl) -> TaskCompleted:
    """Measure the candidates one after the other, and name the line of the best.

    Raises:
        PlatformError: A candidate or the backbone is not the run's, or cannot be fetched.
        TooFewRowsError: Too few rows.
        TrainingDivergedError: A loss is not finite.
        MemoryExhaustedError: The device has too little memory.
        TaskStoppedError: Somebody stopped it.
    """
    schema = schema_of(task)
    candidates = _candidates(task, schema)
    before_candidate = control.before_step(0, len(candidates))
    losses = []
    async with Transfers(place, task) as transfers:
        for number, candidate in enumerate(candidates):
            before_candidate(number)
            # Many adapters need not fit into memory together: each is measured before the next.
            form = candidate.form if candidate.HasField("form") else None
            wanted = wanted_adapter(candidate.adapter, form, schema.coordinate_count)
            adapter = await transfers.fetch(wanted)
            losses.append(await place.learning.run(_Measuring(task, place, schema, adapter).loss))
    control.require_running()
    best = losses.index(min(losses))  # of equal ones, the first
    return TaskCompleted(placed_line=candidates[best].adapter.line)


@dataclass(frozen=True)
class _Measuring:
    """The part that runs in the learning thread."""

    task: Task
    place: Workplace
    schema: Schema
    adapter: Vector

    def loss(self, learner: Learner) -> float:
        bench = open_bench(learner, self.task, self.schema)
        training = split_of(self.task, self.place.data).training
        # Evaluated like held-out rows, and so on as many of them: those kept back stay unseen.
        rows = Split(training=training, held_out=training)
        maximum_tokens = self.task.place.maximum_tokens
        return bench.evaluate(self.adapter, None, rows, maximum_tokens=maximum_tokens).shared


def _candidates(task: Task, schema: Schema) -> list[PlacementCandidate]:
    candidates = list(task.place.candidates)
    for candidate in candidates:
        safe_name(candidate.adapter.line)
        safe_name(candidate.adapter.digest)
        schema.require_digest(candidate.adapter.schema_digest)
    lines = {candidate.adapter.line for candidate in candidates}
    if len(lines) < max(_FEWEST_CANDIDATES, len(candidates)):
        raise InvalidRequestError("a placement needs two lines or more, each once")
    return candidates
