"""What a task says, in the agent's own words."""

from collections.abc import Mapping

from pfi.common.v1.adapter_pb2 import TASK_TYPE_SEQUENCE_CLASSIFICATION, Encoding
from pfi.coordinator.v1.task_pb2 import (
    HEAD_PLACEMENT_PERSONAL,
    HEAD_PLACEMENT_SHARED,
    PersonalTraining,
    Task,
)
from pfi_client_agent.application.ports import Learner, Workbench
from pfi_client_agent.domain.classification import Classification
from pfi_client_agent.domain.local_data import MINIMUM_ROWS, LocalData
from pfi_client_agent.domain.row_order import derived_seed
from pfi_client_agent.domain.rows import Row
from pfi_client_agent.domain.split import Split, TooFewRowsError, split_rows
from pfi_client_agent.domain.training import BackboneReference, StepOptions
from pfi_client_agent.domain.update import UpdateKey, UpdateRecipe
from pfi_common.errors import SchemaMismatchError, SpecInvalidError
from pfi_common.tensors import RankChange, Schema

_FEWEST_LABELS = 2
_SHOWN_LABELS = 10


def backbone_of(task: Task) -> BackboneReference:
    """Give the backbone that a task names."""
    return BackboneReference(task.backbone_model, task.backbone_revision, task.backbone_digest)


def schema_of(task: Task) -> Schema:
    """Read the schema of a task's shared adapter.

    Raises:
        SpecInvalidError: It is malformed.
        SchemaMismatchError: It is not the one that the base adapter names.
    """
    schema = Schema.from_proto(task.schema)
    schema.require_digest(task.base.schema_digest)
    return schema


def rank_change_of(task: Task) -> RankChange:
    """Give how the shared adapter and what a training task's client trains of it are related.

    Raises:
        SpecInvalidError: A schema is malformed.
        SchemaMismatchError: The schemas differ in more than the rank, or the client's is higher.
    """
    shared = schema_of(task)
    if not task.train.HasField("client_schema"):
        return RankChange(shared, shared)
    client = Schema.from_proto(task.train.client_schema)
    if client.rank > shared.rank:
        raise SchemaMismatchError(
            f"the task asks for an adapter of rank {client.rank}, and the run's has {shared.rank}"
        )
    return RankChange(shared, client)


def classification_of(task: Task) -> Classification | None:
    """Give what a task's classifier tells apart; None for a language model.

    Raises:
        SpecInvalidError: It is malformed, or does not belong to the task's schema.
    """
    classifies = task.schema.task_type == TASK_TYPE_SEQUENCE_CLASSIFICATION
    if classifies != task.HasField("classification"):
        raise SpecInvalidError("classification does not belong to the task's schema")
    if not classifies:
        return None
    given = task.classification
    if len(set(given.labels)) != len(given.labels) or len(given.labels) < _FEWEST_LABELS:
        raise SpecInvalidError("classification.labels must be two or more, each once")
    if given.head not in {HEAD_PLACEMENT_SHARED, HEAD_PLACEMENT_PERSONAL}:
        raise SpecInvalidError("classification.head is of a kind that this agent does not know")
    return Classification(
        tuple(given.labels), given.head == HEAD_PLACEMENT_PERSONAL, given.head_seed
    )


def open_bench(learner: Learner, task: Task, schema: Schema) -> Workbench:
    """Open the workbench that a task needs.

    Raises what `Learner.open` and `classification_of` raise.
    """
    return learner.open(backbone_of(task), schema, classification_of(task))


def split_of(task: Task, data: LocalData) -> Split:
    """Part the device's rows as a task's run does; a classifier takes those with a label it knows.

    Raises:
        SpecInvalidError: The task's classification is malformed.
        TooFewRowsError: There are fewer than three.
    """
    rows = rows_of(task, data)
    if len(rows) < MINIMUM_ROWS and len(data.rows) >= MINIMUM_ROWS:
        raise TooFewRowsError(
            f"{len(rows)} of the {len(data.rows)} rows of {data.source} have a `label` of the "
            f"run, which are {', '.join(task.classification.labels[:_SHOWN_LABELS])}"
        )
    return split_rows(rows, fraction=task.held_out_fraction, seed=task.held_out_seed)


def rows_of(task: Task, data: LocalData) -> Mapping[bytes, Row]:
    """Give the rows that a task can use, by content digest.

    Raises:
        SpecInvalidError: The task's classification is malformed.
    """
    classification = classification_of(task)
    if classification is None:
        return data.rows
    return {digest: row for digest, row in data.rows.items() if classification.knows(row)}


def key_of(task: Task) -> UpdateKey:
    """Give what a training task's update is for."""
    return UpdateKey(task.run, task.round, task.base.line)


def recipe_of(task: Task) -> UpdateRecipe:
    """Give what a training task's update is made from."""
    train = task.train
    return UpdateRecipe(
        base_digest=task.base_form.payload_sha256 or task.base.digest,
        schema_digest=rank_change_of(task).client.digest,
        encoding=Encoding.Name(train.upload_encoding),
        seed=task.seed,
        fed_back_round=train.counted_round if train.error_feedback else None,
    )


def shared_options(task: Task) -> StepOptions:
    """Give how the shared adapter is trained."""
    local = task.train.local
    return StepOptions(
        steps=local.steps,
        batch_size=local.batch_size,
        gradient_accumulation=local.gradient_accumulation,
        learning_rate=local.learning_rate,
        proximal_mu=local.proximal_mu,
        maximum_tokens=local.maximum_tokens,
        gradient_checkpointing=local.gradient_checkpointing,
        seed=derived_seed(task.seed, "shared"),
    )


def personal_options(task: Task, personal: PersonalTraining) -> StepOptions:
    """Give how the personal adapter is trained: without a proximal term."""
    return StepOptions(
        steps=personal.steps,
        batch_size=personal.batch_size,
        gradient_accumulation=personal.gradient_accumulation,
        learning_rate=personal.learning_rate,
        proximal_mu=0.0,
        maximum_tokens=personal.maximum_tokens,
        gradient_checkpointing=personal.gradient_checkpointing,
        seed=derived_seed(task.seed, "personal"),
    )
