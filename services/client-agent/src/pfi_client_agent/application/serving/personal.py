"""The personal adapter that fits beside a published one."""

from dataclasses import dataclass, replace

from pfi_client_agent.adapters.personal_store import PersonalMeta, PersonalStore
from pfi_client_agent.application.ports import AnswerEngine
from pfi_client_agent.domain.answering import AdapterWeights
from pfi_client_agent.domain.personal_schema import personal_schema
from pfi_client_agent.domain.serving import AdapterSet, PublishedAdapter
from pfi_common.errors import AdapterInvalidError, SchemaMismatchError, SpecInvalidError


@dataclass(frozen=True)
class PersonalFound:
    """A personal adapter, or why there is none.

    Attributes:
        weights: The adapter; None where there is none that fits.
        sha256: Checksum of its file; None without a file.
        left_out: Why there is none; empty where there is.
    """

    weights: AdapterWeights | None
    sha256: str | None
    left_out: str


def find_personal(store: PersonalStore, published: PublishedAdapter) -> PersonalFound:
    """Give the personal adapter of a run, if it was trained on this backbone and schema.

    One that stood beside an earlier version is used: so is it in training, where each round goes
    on from what the device has.
    """
    meta = store.peek(published.run)
    if meta is None:
        return PersonalFound(None, None, "this device has no personal adapter of the run")
    belongs = (published.backbone.digest, published.schema.digest)
    if (meta.backbone_digest, meta.shared_schema_digest) != belongs:
        return PersonalFound(None, meta.sha256, "it belongs to another backbone or adapter schema")
    try:
        return PersonalFound(_load(store, meta, published), meta.sha256, "")
    except (AdapterInvalidError, SpecInvalidError) as error:
        # Damaged, or replaced while it was read: then the next look finds it whole.
        return PersonalFound(None, meta.sha256, error.message)


def with_personal(adapters: AdapterSet, found: PersonalFound, engine: AnswerEngine) -> AdapterSet:
    """Add a personal adapter to what answers, unless the engine cannot apply it."""
    if found.weights is not None:
        try:
            engine.check([found.weights])
        except (AdapterInvalidError, SchemaMismatchError) as error:
            found = PersonalFound(None, found.sha256, error.message)
    return replace(
        adapters,
        personal=found.weights,
        personal_sha256=found.sha256,
        personal_left_out=found.left_out,
    )


def _load(store: PersonalStore, meta: PersonalMeta, published: PublishedAdapter) -> AdapterWeights:
    schema = personal_schema(published.schema, rank=meta.rank, alpha=meta.alpha)
    adapter = store.load(meta, schema)
    return AdapterWeights(adapter.schema, adapter.vector)
