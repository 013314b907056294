"""`pfi-agent chat`: ask at a terminal."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from pfi_client_agent.adapters.state_folder import StateFolder
from pfi_client_agent.entrypoints.options import BackboneOption, StateOption, state_folder
from pfi_client_agent.entrypoints.serving_options import (
    AdapterChoice,
    AdapterOption,
    RagCertificateOption,
    RagOption,
    RunOption,
    ThreadsOption,
    serving_options,
)

if TYPE_CHECKING:
    from pfi_client_agent.bootstrap_serving import ServingOptions
    from pfi_client_agent.entrypoints.chat_terminal.client import Api


def chat(  # noqa: PLR0913, PLR0917 - one parameter per option
    question: Annotated[
        str, typer.Argument(help="The question. Without one, a conversation begins.")
    ] = "",
    documents: Annotated[
        bool,
        typer.Option("--documents/--no-documents", help="Look for passages in your documents."),
    ] = True,
    passages: Annotated[
        int, typer.Option("--passages", min=1, max=50, help="Most passages for one answer.")
    ] = 4,
    personal: Annotated[
        bool, typer.Option("--personal/--no-personal", help="Apply the personal adapter.")
    ] = True,
    show_passages: Annotated[
        bool, typer.Option("--show-passages", help="Show the passages themselves, too.")
    ] = False,
    temperature: Annotated[
        float,
        typer.Option("--temperature", min=0, max=2, help="0 gives the same answer each time."),
    ] = 0.0,
    maximum_tokens: Annotated[
        int | None,
        typer.Option(
            "--maximum-tokens", min=1, help="Most tokens of an answer.", show_default=False
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the whole answer as JSON; needs a question.")
    ] = False,
    backbone: BackboneOption = None,
    adapter: AdapterOption = AdapterChoice.NEWEST,
    run: RunOption = "",
    state: StateOption = None,
    threads: ThreadsOption = 1,
    rag: RagOption = None,
    rag_certificate: RagCertificateOption = None,
) -> None:
    """Ask this device; the answer names its sources and the adapters that gave it.

    Uses the API of `pfi-agent serve` or `start --serve` when one runs for the state folder, which
    then decides about backbone, adapter, run and index; else loads the backbone itself. Nothing
    of a question, a document or an answer leaves this device.

        pfi-agent chat "What is the locker code of Pump Giku?"

        pfi-agent chat --show-passages

        pfi-agent chat "Who calibrates the scales?" --no-documents --json
    """
    if as_json and not question:
        raise typer.BadParameter("--json needs a question", param_hint="QUESTION")
    options = serving_options(
        backbone=backbone,
        threads=threads,
        adapter=adapter,
        run=run,
        rag=rag,
        rag_certificate=rag_certificate,
    )
    wanted: dict[str, Any] = {
        "temperature": temperature,
        "pfi": {
            "documents": documents,
            "passages": passages,
            "personal": personal,
            "passage_text": show_passages,
        },
    }
    if maximum_tokens is not None:
        wanted["max_tokens"] = maximum_tokens
    _chat(question, wanted, state_folder(state), options, as_json=as_json)


def _chat(
    question: str,
    wanted: dict[str, Any],
    folder: StateFolder,
    options: "ServingOptions",
    *,
    as_json: bool,
) -> None:
    from pfi_client_agent.entrypoints.chat_terminal.conversation import (
        Conversation,
        collect,
        converse,
        show,
    )
    from pfi_client_agent.entrypoints.chat_terminal.display import Display

    console = Console()
    display = Display(console, passages=wanted["pfi"]["passage_text"])
    with _api(folder, options) as api:
        conversation = Conversation(api, wanted)
        if as_json:
            typer.echo(json.dumps(collect(conversation, question), indent=1))
        elif question:
            show(conversation, question, display)
        else:
            converse(conversation, display, console)


@contextmanager
def _api(folder: StateFolder, options: "ServingOptions") -> Iterator["Api"]:
    """Join the API of the state folder, or run one."""
    from pfi_client_agent.entrypoints.chat_terminal.local_api import own_api, running_api

    api = running_api(folder)
    if api is not None:
        yield api
        return
    with ExitStack() as stack:
        with Console(stderr=True).status("Loading the backbone"):
            api = stack.enter_context(own_api(folder, options))
        yield api
