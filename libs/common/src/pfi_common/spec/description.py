"""What `pfi-agent describe` says of a backbone and the adapter that a specification asks for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError

from pfi_common.errors import SchemaMismatchError
from pfi_common.spec.backbone_sizes import BackboneSizes
from pfi_common.spec.client_parts import Classification
from pfi_common.spec.documents import read_document
from pfi_common.spec.part import SpecPart
from pfi_common.spec.refusals import refusal
from pfi_common.spec.run_spec import RunSpec
from pfi_common.tensors import Schema

MAXIMUM_DESCRIPTION_BYTES = 1 << 24


def _read_schema(value: object) -> Schema:
    return value if isinstance(value, Schema) else Schema.from_document(value)


class Description(SpecPart):
    """Backbone digest, adapter schema and size, as JSON.

    The schema is its canonical object in JSON and a `Schema` in Python.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    backbone_digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """SHA-256 over canonical name, dtype, shape and bytes of each tensor of the backbone"""
    adapter_schema: Annotated[
        Schema,
        BeforeValidator(_read_schema, json_schema_input_type=dict[str, Any]),
        PlainSerializer(Schema.as_document, return_type=dict[str, Any]),
    ]
    """Canonical object of the adapter schema"""
    parameter_count: Annotated[int, Field(ge=1)]
    """Parameters of the backbone"""
    sizes: BackboneSizes | None = None
    """Widths of the backbone, which the estimate of memory needs; null when they are not known"""

    def require_fits(self, spec: RunSpec) -> None:
        """Checks that this describes the adapter of a specification.

        Raises:
            SchemaMismatchError: task, rank, alpha, target modules or head differ.
        """
        require_schema_fits(self.adapter_schema, spec)


def require_schema_fits(schema: Schema, spec: RunSpec) -> None:
    """Checks that a schema is the one of a specification's adapter.

    Raises:
        SchemaMismatchError: task, rank, alpha, target modules or head differ.
    """
    if schema.task != spec.task:
        raise _differs("task", asked=spec.task, described=schema.task)
    for field, described, asked in (
        ("rank", schema.rank, spec.shared_rank),
        ("alpha", schema.alpha, spec.adapter.alpha),
        ("target_modules", schema.target_modules, spec.adapter.target_modules),
    ):
        if described != asked:
            raise _differs(f"adapter.{field}", asked=asked, described=described)
    _require_head_fits(schema, spec.classification)


def _require_head_fits(schema: Schema, classification: Classification | None) -> None:
    """A shared head is part of the schema, and a tensor of it has a row for each label."""
    described = sorted({tensor.shape[0] for tensor in schema.head_tensors})
    if classification is None or classification.head == "personal":
        if described:
            raise _differs("classification.head", asked="not shared", described="shared")
    elif len(classification.labels) not in described:
        raise _differs(
            "classification.labels",
            asked=f"{len(classification.labels)} labels",
            described=f"a head of {', '.join(map(str, described)) or 'no'} rows",
        )


def _differs(field: str, *, asked: object, described: object) -> SchemaMismatchError:
    message = (
        f"{field} is {asked} in the run specification and {described} in the"
        " description. Run `pfi-agent describe` on this specification."
    )
    return SchemaMismatchError(message, field=field)


def parse_description(document: Mapping[str, Any]) -> Description:
    """Reads and validates a description.

    Raises:
        SpecInvalidError: fields break their rules; the message names each.
    """
    try:
        return Description.model_validate(dict(document))
    except ValidationError as error:
        raise refusal(Description, error, "description") from error


def load_description(path: Path) -> Description:
    """Reads a description from a JSON file.

    Raises:
        SpecInvalidError: the file cannot be read, or fields break their rules.
    """
    return parse_description(read_document(path, MAXIMUM_DESCRIPTION_BYTES))
