"""What `pfi-agent describe` finds out about a backbone and an adapter."""

from pathlib import Path

from pfi_client_agent.adapters.digest_cache import DigestCache
from pfi_client_agent.adapters.learning.lora import lora_schema
from pfi_client_agent.adapters.learning.skeleton import open_skeleton
from pfi_common.spec import Description, RunSpec


def describe_backbone(spec: RunSpec, folder: Path, cache: DigestCache) -> Description:
    """Read a backbone's folder: adapter schema, digest and size. No weight is loaded.

    Raises:
        BackboneUnreadableError: The folder holds no loadable causal language model.
        SpecInvalidError: The adapter does not fit the backbone.
    """
    skeleton = open_skeleton(folder)
    parameter_count = skeleton.parameter_count
    digest = skeleton.digest(cache)
    return Description(
        backbone_digest=digest,
        adapter_schema=lora_schema(skeleton.model, spec.adapter),
        parameter_count=parameter_count,
    )
