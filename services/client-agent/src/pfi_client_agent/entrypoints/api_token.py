"""`pfi-agent api-token`: the token of the API."""

import typer

from pfi_client_agent.adapters.serving_folder import ServingFolder
from pfi_client_agent.entrypoints.options import StateOption, state_folder


def api_token(state: StateOption = None) -> None:
    """Print the bearer token of this device's API; it is made at the first use.

    Whoever has it can ask questions about your documents. To change it, stop the API, delete
    `serving/api-token` in the state folder, and start again.

        export OPENAI_API_KEY=$(pfi-agent api-token)
    """
    typer.echo(ServingFolder(state_folder(state)).token())
