"""`pfi-agent describe`: what a specification's backbone and adapter are."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from pfi_client_agent.domain.exit_codes import exit_code_for
from pfi_client_agent.entrypoints.options import BackboneOption, StateOption, state_folder
from pfi_common.errors import PlatformError, problem_document

if TYPE_CHECKING:
    from pfi_common.spec import Description, RunSpec


def describe(
    spec: Annotated[Path, typer.Argument(help="Run specification (YAML or JSON).")],
    backbone: BackboneOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the description that a submission carries.")
    ] = False,
    state: StateOption = None,
) -> None:
    """Describe a run's backbone and adapter: digest, schema, and bytes per round.

    No weight is loaded and nothing is sent. With --json and without a terminal, a failure is a
    problem document (RFC 9457) on the last line of stderr. Write the description to a file where
    the submission is made on another machine:

        pfi-agent describe run.yaml --json > described.json
        pfi run submit run.yaml --described described.json
    """
    try:
        _describe(spec, backbone, state, as_json=as_json)
    except PlatformError as error:
        if not as_json or sys.stderr.isatty():
            raise
        typer.echo(json.dumps(problem_document(error)), err=True)
        raise typer.Exit(exit_code_for(error)) from error


def _describe(spec: Path, backbone: Path | None, state: Path | None, *, as_json: bool) -> None:
    from pfi_client_agent.adapters.digest_cache import DigestCache
    from pfi_client_agent.adapters.learning.description import describe_backbone
    from pfi_client_agent.adapters.learning.hub import find_backbone
    from pfi_common.spec import load_run_spec

    run_spec = load_run_spec(spec)
    chosen = backbone or _beside(spec, run_spec.backbone.model)
    folder = find_backbone(run_spec.backbone.model, run_spec.backbone.revision or "", chosen)
    cache = DigestCache(state_folder(state).digests)
    description = describe_backbone(run_spec, folder, cache)
    if as_json:
        typer.echo(description.model_dump_json(indent=1))
    else:
        Console().print(_table(run_spec, folder, description))


def _beside(spec: Path, model: str) -> Path | None:
    """Give the path of a backbone that is named relative to the specification."""
    beside = spec.parent / model
    return beside if not Path(model).is_dir() and beside.is_dir() else None


def _table(spec: "RunSpec", folder: Path, description: "Description") -> Table:
    from pfi_common.spec import run_facts

    facts, schema = run_facts(spec, description), description.adapter_schema
    full = facts.full_upload_bytes_per_client
    table = Table(title=f"Run {spec.name}", show_header=False)
    table.add_column()
    # A digest that is cut off at a narrow terminal cannot be compared.
    table.add_column(overflow="fold")
    rows = {
        "backbone": str(folder),
        "backbone digest": description.backbone_digest,
        "parameters": f"{description.parameter_count:,}",
        "adapter": f"LoRA rank {schema.rank}, alpha {schema.alpha}",
        "on modules": ", ".join(schema.target_modules),
        "schema digest": schema.digest,
        "tensors": f"{len(schema.tensors):,}",
        "coordinates": f"{schema.coordinate_count:,} ({facts.adapter_share:.3%} of the backbone)",
        "upload per client and round": f"{_size(facts.upload_bytes_per_client)} "
        f"({spec.encoding.upload})",
        "download per client and round": _size(facts.download_bytes_per_client),
        "full fine-tuning would upload": f"{_size(full)} "
        f"({full / facts.upload_bytes_per_client:,.0f} times as much)",
        "the whole run transfers": _size(facts.transfer_bytes_per_run),
    }
    for name, value in rows.items():
        table.add_row(name, value)
    return table


def _size(size_bytes: int) -> str:
    size, unit = float(size_bytes), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 1000:  # noqa: PLR2004 - decimal units
            break
        size, unit = size / 1000, larger
    return f"{size:,.3g} {unit}"
