"""What `pfi-agent describe` finds out about a backbone and an adapter."""

from pathlib import Path

from pfi_client_agent.adapters.digest_cache import DigestCache
from pfi_client_agent.adapters.learning.checkpointing import checkpointed_layers
from pfi_client_agent.adapters.learning.head import head_by_file_name
from pfi_client_agent.adapters.learning.lora import lora_schema
from pfi_client_agent.adapters.learning.skeleton import open_skeleton
from pfi_common.spec import Description, RunSpec


def describe_backbone(spec: RunSpec, folder: Path, cache: DigestCache) -> Description:
    """Read a backbone's folder: adapter schema, digest and size. No weight is loaded.

    Raises:
        BackboneUnreadableError: The folder holds no loadable model of the kind that the task needs.
        SpecInvalidError: The adapter, its head or checkpointing does not fit the backbone.
    """
    classification = spec.classification
    skeleton = open_skeleton(folder, len(classification.labels) if classification else 0)
    if spec.local.gradient_checkpointing:
        checkpointed_layers(skeleton.model)
    head = {}
    if classification is not None and classification.head == "shared":
        head = head_by_file_name(skeleton.model)
    shape = spec.adapter.model_copy(update={"rank": spec.shared_rank})
    parameter_count = skeleton.parameter_count
    digest = skeleton.digest(cache)
    return Description(
        backbone_digest=digest,
        adapter_schema=lora_schema(skeleton.model, shape, task=spec.task, head=head),
        parameter_count=parameter_count,
        sizes=skeleton.sizes,
    )
