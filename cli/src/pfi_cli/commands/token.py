"""`pfi token`: let a client in."""

from typing import Annotated

import typer

from pfi_cli.api.client import ApiClient
from pfi_cli.commands.connected import connected
from pfi_cli.output.console import print_json, say, stdout

app = typer.Typer(no_args_is_help=True, help="Join tokens, which let clients enrol.")


@app.command()
@connected
def create(
    api: ApiClient,
    label: Annotated[str, typer.Option(help="What the token is for, for the record.")] = "",
    ttl_seconds: Annotated[
        int, typer.Option(min=60, help="How long the token can be used (seconds).")
    ] = 3600,
    *,
    json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Make a one-time join token and print it, once.

    Example: `pfi-agent start --token "$(pfi token create)" --data notes.jsonl`
    """
    token = api.create_token(label=label, ttl_seconds=ttl_seconds)
    if json:
        print_json(token.model_dump(mode="json"))
        return
    stdout().print(token.token, soft_wrap=True)
    say(f"good for one client until {token.expires_at:%Y-%m-%d %H:%M %Z}")
