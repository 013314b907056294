"""`pfi-agent serve`: the API that answers, without training."""

import sys
from typing import Annotated

import typer

from pfi_client_agent.entrypoints.options import (
    BackboneOption,
    JsonLogsOption,
    StateOption,
    state_folder,
)
from pfi_client_agent.entrypoints.serving_options import (
    DEFAULT_ADDRESS,
    AdapterChoice,
    AdapterOption,
    RagCertificateOption,
    RagOption,
    RunOption,
    ThreadsOption,
    serving_options,
)

AddressOption = Annotated[
    str,
    typer.Option(
        "--address",
        metavar="HOST:PORT",
        help="Where to listen; port 0 takes a free one. Others than this device can connect only "
        "if you name another address, and then the token is all that keeps them out.",
    ),
]


def serve(  # noqa: PLR0913, PLR0917 - one parameter per option
    address: AddressOption = DEFAULT_ADDRESS,
    backbone: BackboneOption = None,
    adapter: AdapterOption = AdapterChoice.NEWEST,
    run: RunOption = "",
    state: StateOption = None,
    threads: ThreadsOption = 1,
    rag: RagOption = None,
    rag_certificate: RagCertificateOption = None,
    json_logs: JsonLogsOption = False,
) -> None:
    """Answer questions on this device with an OpenAI-compatible API, until SIGTERM or Ctrl-C.

    Answers come from the backbone with the newest shared (or cluster) adapter, this device's
    personal adapter, and passages of your own documents (`pfi-agent documents add`). A newly
    published adapter answers from the next request on. Without a connection the last known one
    answers. Beside a training agent, use `pfi-agent start --serve` or run both.

        pfi-agent serve

        pfi-agent serve --address 127.0.0.1:8484 --backbone ./qwen2.5-0.5b

        curl -H "Authorization: Bearer $(pfi-agent api-token)" http://127.0.0.1:8484/v1/models
    """
    from pfi_client_agent.entrypoints.answers_process import AnswersProcess

    process = AnswersProcess(
        folder=state_folder(state),
        address=address,
        options=serving_options(
            backbone=backbone,
            threads=threads,
            adapter=adapter,
            run=run,
            rag=rag,
            rag_certificate=rag_certificate,
        ),
        at_terminal=sys.stderr.isatty() and not json_logs,
    )
    process.run()
