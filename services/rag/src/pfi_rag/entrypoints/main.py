"""The `pfi-rag` command."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pfi_common.errors import PlatformError
from pfi_common.settings import load_settings, wait_directly
from pfi_rag.entrypoints.model_commands import model_app
from pfi_rag.settings import RagSettings, with_options

_EPILOG = """
`pfi-agent documents` starts this service by itself. Start it by hand to share one index between
programs of this machine, or to use its REST API: `init` once, then `serve`. Settings come from the
environment (PFI_RAG_...). Exit codes: 0 stopped, 1 failed, 2 wrong command line.
"""

app = typer.Typer(
    name="pfi-rag",
    help="Keeps private document indexes, one for each client, and finds passages in them. Runs in "
    "the client's trust domain: documents never reach the federation.",
    epilog=_EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(model_app, name="model")

StateOption = Annotated[
    Path | None,
    typer.Option(
        "--state",
        help="Folder of identity and indexes. Default: PFI_RAG_STATE, or ~/.local/share/pfi-rag.",
        show_default=False,
    ),
]
AuthorityOption = Annotated[
    Path | None,
    typer.Option(
        "--federation-authority",
        help="Certificate (PEM) of the federation's authority: callers are verified against it. An "
        "enrolled agent has it as identity/authority.pem in its state folder.",
        show_default=False,
    ),
]


@app.command()
def init(
    federation_authority: AuthorityOption = None,
    host: Annotated[
        list[str],
        typer.Option(
            "--host",
            help="DNS name or IP address that the service is reached by, beside localhost.",
        ),
    ] = [],  # noqa: B006 - typer reads it
    state: StateOption = None,
) -> None:
    """Make the service's own certificate, and remember whose callers to believe.

    The certificate comes from an authority of its own, made in the state folder: nobody in the
    federation can pose as this service. May be repeated, for instance with another host.

        pfi-rag init --federation-authority ~/.local/share/pfi-agent/identity/authority.pem
    """
    from pfi_rag.bootstrap.initialise import initialise

    folder = initialise(_settings(state=state), federation_authority, host)
    Console().print(
        f"The service is ready in {folder}. Programs verify it against "
        f"{folder / 'identity' / 'authority.pem'}.\nNext: pfi-rag serve",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


@app.command()
def serve(
    state: StateOption = None,
    federation_authority: AuthorityOption = None,
    address: Annotated[
        str | None,
        typer.Option(
            "--address", help="host:port of gRPC; port 0 takes a free one.", show_default=False
        ),
    ] = None,
    rest_address: Annotated[
        str | None,
        typer.Option(
            "--rest-address", help="host:port of the REST API; empty for none.", show_default=False
        ),
    ] = None,
    until_unused: Annotated[
        Path | None,
        typer.Option(
            "--until-unused",
            help="Lock file: stop when no process holds a shared lock on it any more.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Serve until SIGTERM or Ctrl-C.

    Where it listens stands in endpoints.json in the state folder, and in the line `rag_listening`
    of the log. Only clients of the federation get in, each to its own index.

        pfi-rag serve

        pfi-rag serve --rest-address 127.0.0.1:8471
    """
    wait_directly()  # before what follows imports gRPC
    from pfi_rag.bootstrap.server import serve as run

    settings = _settings(
        state=state,
        federation_authority=federation_authority,
        address=address,
        rest_address=rest_address,
    )
    run(settings, until_unused)


def main() -> None:
    """Run the command line; failures that have a reason are explained in words."""
    try:
        app()
    except PlatformError as error:
        console = Console(stderr=True)
        console.print(f"{error.reason}: {error.message}", style="red", markup=False)
        console.print(f"Next step: {error.next_step}", markup=False)
        sys.exit(1)


def _settings(**options: Path | str | None) -> RagSettings:
    return with_options(load_settings(RagSettings), options)
