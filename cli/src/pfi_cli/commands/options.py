"""Arguments and options that several commands take."""

from pathlib import Path
from typing import Annotated

import typer

RunArgument = Annotated[str, typer.Argument(help="Run id or name.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON.")]

SpecArgument = Annotated[Path, typer.Argument(help="Run specification, YAML or JSON.")]
DescribedOption = Annotated[
    Path | None,
    typer.Option(help="Output of `pfi-agent describe --json`, if it is not installed here."),
]
BackboneOption = Annotated[
    Path | None, typer.Option(help="Local copy of the backbone, for the description.")
]
