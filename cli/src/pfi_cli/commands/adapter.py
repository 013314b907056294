"""`pfi adapter`: what runs have published."""

from pathlib import Path
from typing import Annotated

import typer

from pfi_cli.adapter_pull import pull_adapter
from pfi_cli.api.client import ApiClient
from pfi_cli.commands.connected import connected
from pfi_cli.commands.options import JsonOption
from pfi_cli.output.console import print_json, say, stdout
from pfi_cli.output.tables import adapter_table, print_table

app = typer.Typer(no_args_is_help=True, help="Published adapters.")


@app.command("list")
@connected
def list_adapters(
    api: ApiClient,
    run: Annotated[str | None, typer.Option(help="Only those of this run, by id or name.")] = None,
    *,
    json: JsonOption = False,
) -> None:
    """List published adapters.

    Example: `pfi adapter list --run assistants`
    """
    adapters = api.adapters(run)
    if json:
        print_json([adapter.model_dump(mode="json") for adapter in adapters])
    else:
        print_table(adapter_table(adapters))


@app.command()
@connected
def pull(
    api: ApiClient,
    adapter: Annotated[str, typer.Argument(help="Digest, or a run for its newest adapter.")],
    out: Annotated[Path, typer.Option(help="Folder to write; must not exist or be empty.")],
    line: Annotated[
        str | None, typer.Option(help="Line of a run with clusters, for instance cluster-1.")
    ] = None,
) -> None:
    """Write an adapter as a PEFT folder, checked against its digest.

    Examples:
    * `pfi adapter pull assistants --out adapter`, then in Python
      `PeftModel.from_pretrained(backbone, "adapter")`

    * `pfi adapter pull groups --line cluster-1 --out adapters/cluster-1`
    """
    digest = pull_adapter(api, adapter, out, line)
    say(f"adapter {digest}")
    stdout().print(str(out), soft_wrap=True)
