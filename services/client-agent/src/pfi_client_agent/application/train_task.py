"""The task of a round: train, evaluate, encode, store, upload."""

import asyncio

from pfi.aggregator.v1.ticket_pb2 import UploadTicket
from pfi.aggregator.v1.update_service_pb2 import UpdateHeader
from pfi.coordinator.v1.session_service_pb2 import TaskCompleted
from pfi.coordinator.v1.task_pb2 import Task
from pfi_client_agent.application.control import TaskControl
from pfi_client_agent.application.local_training import LocalTraining
from pfi_client_agent.application.metrics import metric_messages
from pfi_client_agent.application.task_facts import key_of, recipe_of, schema_of
from pfi_client_agent.application.ticket import require_offered, verified_ticket
from pfi_client_agent.application.transfers import Transfers
from pfi_client_agent.application.workplace import Workplace
from pfi_client_agent.domain.update import StoredUpdate


async def perform_train_task(task: Task, place: Workplace, control: TaskControl) -> TaskCompleted:
    """Train and upload an update; one that is stored already is uploaded without training.

    Raises:
        PlatformError: The task is not for this agent, does not fit, or the upload is refused.
        TrainingDivergedError: A loss or coordinate is not finite.
        MemoryExhaustedError: The device has too little memory.
        TooFewRowsError: Too few rows for training and evaluation.
        TaskStoppedError: Somebody stopped it.
    """
    started = place.clock.monotonic()
    ticket = verified_ticket(task, place.membership)
    require_offered(task, place.upload_encodings)
    schema = schema_of(task)
    # Rounds of a run follow each other: that this one exists says that those before have settled.
    place.updates.forget_before(task.run, task.round)
    place.residuals.keep_only(task.run, task.base.line, {task.train.counted_round, task.round})
    found = await asyncio.to_thread(place.updates.find, key_of(task), recipe_of(task))
    async with Transfers(place, task) as transfers:
        if found is None:
            await place.device.require_memory(task.train.memory_need)
            base = await transfers.fetch_base(schema.coordinate_count)
            training = LocalTraining(task, place, control, schema, base)
            update, payload = await place.learning.run(training.perform)
        else:
            place.observer.update_reused(task)
            update, payload = found
        header = _header(task, ticket, update)
        receipt = await transfers.upload(header, payload, fresh=found is None)
    costs = {
        "TASK_SECONDS": place.clock.monotonic() - started,
        "DOWNLOADED_BYTES": transfers.traffic.received_bytes,
        "UPLOADED_BYTES": transfers.traffic.sent_bytes,
    }
    return TaskCompleted(receipt=receipt, metrics=metric_messages({**update.metrics, **costs}))


def _header(task: Task, ticket: UploadTicket, update: StoredUpdate) -> UpdateHeader:
    return UpdateHeader(
        ticket=task.train.ticket,
        encoding=task.train.upload_encoding,
        payload_bytes=update.payload_bytes,
        payload_sha256=update.payload_sha256,
        offset_bytes=0,
        # A header above its own ticket is refused; the rows beyond simply do not count.
        example_count=min(update.example_count, ticket.maximum_examples),
        steps_done=update.steps_done,
        base_digest=update.recipe.base_digest,
        metrics=metric_messages(update.metrics),
    )
