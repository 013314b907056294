"""Begins a new run with an adapter that another run has published."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pfi_common.errors import AdapterUnknownError, BackboneMismatchError, SchemaMismatchError
from pfi_common.spec import Description, RunSpec, parse_description, parse_run_spec
from pfi_coordinator.application.ports.run_store import RunStore
from pfi_coordinator.application.records import Origin, RunDocument
from pfi_coordinator.application.submit_run import SubmitRun
from pfi_coordinator.domain.state import GLOBAL, AdapterVersion


@dataclass(frozen=True, slots=True)
class Restart:
    """What the new run is to be like.

    Attributes:
        name: Its name.
        line: Line of the adapter that it begins with.
        version: Version of that line; the newest unless given.
        rounds: Rounds to publish; as many as the other run unless given.
        spec: Another specification than the other run's; its `name` is replaced by `name`.
        description: What `pfi-agent describe` says of that specification.
    """

    name: str
    line: str = GLOBAL
    version: int | None = None
    rounds: int | None = None
    spec: Mapping[str, Any] | None = None
    description: Mapping[str, Any] | None = None


class RestartRun:
    """Restarts from any published version of any run, in whatever state that run is."""

    def __init__(self, runs: RunStore, submit: SubmitRun) -> None:
        self._runs = runs
        self._submit = submit

    async def __call__(self, name: str, wanted: Restart) -> str:
        """Submits the new run, and gives its id.

        Args:
            name: Id or name of the run whose adapter it begins with.
            wanted: The new run.

        Raises:
            RunUnknownError: There is no such run.
            AdapterUnknownError: It has not published that version.
            SchemaMismatchError: The new run trains another adapter, or tells other labels apart.
            BackboneMismatchError: The new run is for another backbone.
            PlatformError: The new run is refused, as every new one may be.
        """
        run = await self._runs.find(name)
        document = await self._runs.document(run)
        history = await self._runs.history(run)
        origin = _origin(run, _chosen(history.adapters, wanted))
        spec = _specification(document, wanted)
        described = wanted.description or document.description.model_dump(mode="json")
        _require_same(document, parse_run_spec(spec), parse_description(described))
        return await self._submit(spec, described, origin)


def _specification(document: RunDocument, wanted: Restart) -> dict[str, Any]:
    given = wanted.spec or document.spec.model_dump(mode="json")
    spec = {**given, "name": wanted.name}
    stop = spec.get("stop", {})
    if wanted.rounds is None or not isinstance(stop, Mapping):  # a stop that is none is refused
        return spec
    return {**spec, "stop": {**stop, "rounds": wanted.rounds}}


def _chosen(published: tuple[AdapterVersion, ...], wanted: Restart) -> AdapterVersion:
    own = {item.version: item for item in published if item.line == wanted.line}
    version = max(own, default=0) if wanted.version is None else wanted.version
    if version not in own:
        raise AdapterUnknownError(
            f"the run has not published version {version} of the line {wanted.line}; "
            "`pfi adapter list` shows what it has"
        )
    return own[version]


def _origin(run: str, adapter: AdapterVersion) -> Origin:
    return Origin(
        run,
        adapter.line,
        adapter.version,
        adapter.digest,
        adapter.schema_digest,
        adapter.lineage_digest,
    )


def _require_same(document: RunDocument, spec: RunSpec, described: Description) -> None:
    """Checks that the adapter means in the new run what it meant in the other one."""
    before = document.description
    if described.backbone_digest != before.backbone_digest:
        raise BackboneMismatchError(
            f"the adapter is for the backbone {before.backbone_digest}, the new run for "
            f"{described.backbone_digest}; an adapter of one is noise to another"
        )
    if described.adapter_schema.digest != before.adapter_schema.digest:
        raise SchemaMismatchError(
            "the new run trains an adapter of another schema: rank, alpha, target modules and task "
            "have to be as they were"
        )
    if spec.classification != document.spec.classification:
        raise SchemaMismatchError(
            "the adapter tells other labels apart: `classification` has to be as it was"
        )
