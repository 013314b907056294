"""`pfi-agent documents`: the device's own document index."""

import typer

from pfi_client_agent.entrypoints.documents.add import add
from pfi_client_agent.entrypoints.documents.erasing import delete, forget
from pfi_client_agent.entrypoints.documents.looking import list_documents, search, status

documents_app = typer.Typer(
    no_args_is_help=True,
    help="Keep your own documents searchable on this device, and ask them. Nothing of them leaves "
    "it: the index belongs to this device's key, and `pfi-agent chat` answers with it.",
    epilog="Start with `pfi-agent documents add FOLDER`, then `pfi-agent documents search WORDS`.",
)
documents_app.command()(add)
documents_app.command("list")(list_documents)
documents_app.command()(search)
documents_app.command()(delete)
documents_app.command()(forget)
documents_app.command()(status)

__all__ = ["documents_app"]
