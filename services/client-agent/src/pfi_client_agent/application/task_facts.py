"""What a task says, in the agent's own words."""

from pfi.common.v1.adapter_pb2 import Encoding
from pfi.coordinator.v1.task_pb2 import PersonalTraining, Task
from pfi_client_agent.domain.local_data import LocalData
from pfi_client_agent.domain.row_order import derived_seed
from pfi_client_agent.domain.split import Split, split_rows
from pfi_client_agent.domain.training import BackboneReference, StepOptions
from pfi_client_agent.domain.update import UpdateKey, UpdateRecipe
from pfi_common.tensors import Schema


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


def split_of(task: Task, data: LocalData) -> Split:
    """Part the device's rows as a task's run does.

    Raises:
        TooFewRowsError: There are fewer than three.
    """
    return split_rows(data.rows, fraction=task.held_out_fraction, seed=task.held_out_seed)


def key_of(task: Task) -> UpdateKey:
    """Give what a training task's update is for."""
    return UpdateKey(task.run, task.round, task.base.line)


def recipe_of(task: Task) -> UpdateRecipe:
    """Give what a training task's update is made from."""
    return UpdateRecipe(
        base_digest=task.base.digest,
        schema_digest=task.base.schema_digest,
        encoding=Encoding.Name(task.train.upload_encoding),
        seed=task.seed,
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
        seed=derived_seed(task.seed, "personal"),
    )
