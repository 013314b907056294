"""`pfi client`: who takes part."""

from typing import Annotated

import typer

from pfi_cli.api.client import ApiClient
from pfi_cli.commands.connected import connected
from pfi_cli.commands.options import JsonOption
from pfi_cli.output.client_details import client_details
from pfi_cli.output.console import print_json, say
from pfi_cli.output.tables import client_table, print_table
from pfi_common.errors import ClientUnknownError

app = typer.Typer(no_args_is_help=True, help="Enrolled clients.")


@app.command("list")
@connected
def list_clients(
    api: ApiClient,
    *,
    json: JsonOption = False,
) -> None:
    """List enrolled clients.

    Example: `pfi client list --json | jq '.[].client'`
    """
    clients = api.clients()
    if json:
        print_json([client.model_dump(mode="json") for client in clients])
    else:
        print_table(client_table(clients))


@app.command()
@connected
def show(
    api: ApiClient,
    client: Annotated[str, typer.Argument(help="Client id or name, as `pfi client list` shows.")],
    *,
    json: JsonOption = False,
) -> None:
    """Show a client, and what its device last said of itself.

    What is unknown meets no demand that a run makes in `cohort.eligible`.

    Example: `pfi client show kitchen`
    """
    found = [each for each in api.clients() if client in {each.client, each.display_name}]
    if len(found) != 1:
        raise ClientUnknownError(f"{len(found) or 'no'} clients are called {client}", client=client)
    if json:
        print_json(found[0].model_dump(mode="json"))
    else:
        print_table(client_details(found[0]))


@app.command()
@connected
def revoke(
    api: ApiClient,
    client: Annotated[str, typer.Argument(help="Client id, as `pfi client list` shows it.")],
    reason: Annotated[str | None, typer.Option(help="Why, for the record.")] = None,
) -> None:
    """Shut a client out for good; its open connections end within 5 seconds.

    Example: `pfi client revoke c-0123456789ab --reason "device lost"`
    """
    api.revoke_client(client, reason=reason)
    say(f"{client} is revoked")
