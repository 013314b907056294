"""What `pfi-agent describe` says of a backbone and the adapter that a specification asks for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError

from pfi_common.errors import SchemaMismatchError
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

    def require_fits(self, spec: RunSpec) -> None:
        """Checks that this describes the adapter of a specification.

        Raises:
            SchemaMismatchError: rank, alpha or target modules differ.
        """
        require_schema_fits(self.adapter_schema, spec)


def require_schema_fits(schema: Schema, spec: RunSpec) -> None:
    """Checks that a schema is the one of a specification's adapter.

    Raises:
        SchemaMismatchError: rank, alpha or target modules differ.
    """
    for field in ("rank", "alpha", "target_modules"):
        described, asked = getattr(schema, field), getattr(spec.adapter, field)
        if described != asked:
            message = (
                f"adapter.{field} is {asked} in the run specification and {described} in the"
                " description. Run `pfi-agent describe` on this specification."
            )
            raise SchemaMismatchError(message, field=field)


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
