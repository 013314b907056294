"""Reading a run specification from a mapping."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from pfi_common.spec.document_problems import document_problems
from pfi_common.spec.refusals import refusal
from pfi_common.spec.run_spec import RunSpec
from pfi_common.spec.soundness import refuse_unsound, spec_problems


def parse_run_spec(document: Mapping[str, Any]) -> RunSpec:
    """Reads, validates and checks a run specification.

    Raises:
        SpecInvalidError: fields break their rules; the message names each with rule and next step.
        SpecUnsoundError: the values do not go together; the message says why.
    """
    refuse_unsound(document_problems(document.get("server_optimizer")))
    try:
        spec = RunSpec.model_validate(dict(document))
    except ValidationError as error:
        raise refusal(RunSpec, error, "run specification") from error
    refuse_unsound(spec_problems(spec))
    return spec
