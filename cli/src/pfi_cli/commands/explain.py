"""`pfi run explain`: what a specification comes to."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pfi_cli.commands.options import (
    BackboneOption,
    DescribedOption,
    JsonOption,
    SpecArgument,
)
from pfi_cli.exit_codes import ExitCode
from pfi_cli.output.console import print_json, stderr, stdout
from pfi_common.errors import PlatformError

if TYPE_CHECKING:
    from pfi_common.spec import Description


def explain(
    spec: SpecArgument,
    described: DescribedOption = None,
    backbone: BackboneOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Explain a specification before it is submitted; no federation is needed.

    Every effective value and who chose it, the rounds and cohorts of each line, time limits, the
    resolution of the merge, the messages that clients and the aggregator get, bytes, and which
    parts go together. A specification that would be refused is told every reason, with exit
    status 2.

    Examples:
    * `pfi run explain spec.yaml`

    * `pfi run explain spec.yaml --described described.json --json | jq .facts`
    """
    from pfi_cli.explain.explanation import explain_spec
    from pfi_cli.output.explanation import explanation_view
    from pfi_common.spec import examine_run_spec
    from pfi_common.spec.documents import read_document

    document = read_document(spec)
    examined = examine_run_spec(document)
    description, why = None, "the specification is refused"
    if not examined.problems:
        description, why = _described(spec, described, backbone)
    explained = explain_spec(examined, document, description, why)
    if json:
        print_json(explained)
    else:
        for part in explanation_view(explained):
            stdout().print(part)
            stdout().print()
    if examined.problems:
        raise typer.Exit(ExitCode.USAGE)


def _described(
    spec: Path, described: Path | None, backbone: Path | None
) -> tuple["Description | None", str]:
    """Gives the description; without one much can be explained, so its absence is only told."""
    from pfi_cli.submission import describe_spec
    from pfi_common.spec import load_description

    if described is not None:
        return load_description(described), ""
    try:
        with stderr().status("describing the backbone"):
            return describe_spec(spec, backbone), ""
    except PlatformError as error:
        return None, f"{error.message} {error.next_step}"
