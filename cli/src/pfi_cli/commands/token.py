"""`pfi token`: let clients in."""

from pathlib import Path
from typing import Annotated

import typer

from pfi_cli.api.client import ApiClient
from pfi_cli.api.records import Token
from pfi_cli.commands.connected import connected
from pfi_cli.commands.options import JsonOption
from pfi_cli.output.console import print_json, say
from pfi_cli.token_file import check_absent, write_tokens
from pfi_common.counting import counted

MOST_TOKENS = 1000  # of one request

app = typer.Typer(no_args_is_help=True, help="Join tokens, which let clients enrol.")


@app.command()
@connected
def create(  # noqa: PLR0913 - one per option
    api: ApiClient,
    label: Annotated[str, typer.Option(help="What the tokens are for, for the record.")] = "",
    ttl_seconds: Annotated[
        int, typer.Option(min=60, help="How long a token can be used (seconds).")
    ] = 3600,
    count: Annotated[
        int, typer.Option(min=1, max=MOST_TOKENS, help="How many; each lets one client in.")
    ] = 1,
    out: Annotated[
        Path | None,
        typer.Option(help="File to write them to, one per line, that only its owner can read."),
    ] = None,
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file of --out if there is one.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Make one-time join tokens and print them, once, one per line.

    Examples:
    * `pfi-agent start --token "$(pfi token create)" --data notes.jsonl`

    * `pfi token create --count 200 --out tokens.txt` for a fleet
    """
    if out is not None and not force:
        check_absent(out)
    made = api.create_tokens(count, label=label, ttl_seconds=ttl_seconds)
    if out is not None:
        write_tokens(out, made.tokens)
    _print(made, out, json=json)
    say(f"good for {counted(count, 'client')} until {made.expires_at:%Y-%m-%d %H:%M %Z}")


def _print(made: Token, out: Path | None, *, json: bool) -> None:
    """Prints the tokens, or where they are: secrets go to one place."""
    if json:
        secrets = {} if out is not None else {"token": made.token, "tokens": made.tokens}
        written = {} if out is None else {"file": str(out), "count": len(made.tokens)}
        print_json({**secrets, **written, "expires_at": made.expires_at})
    elif out is not None:
        say(f"{out} holds {counted(len(made.tokens), 'token')}")
    else:
        for token in made.tokens:
            typer.echo(token)
