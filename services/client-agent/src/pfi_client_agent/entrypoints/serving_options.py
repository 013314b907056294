"""Options of every command that answers."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pfi_client_agent.bootstrap_serving import ServingOptions
from pfi_client_agent.settings import AgentSettings
from pfi_common.settings import load_settings

DEFAULT_ADDRESS = "127.0.0.1:0"


class AdapterChoice(StrEnum):
    """Which adapters answer."""

    NEWEST = "newest"
    BACKBONE_ONLY = "backbone-only"


AdapterOption = Annotated[
    AdapterChoice,
    typer.Option(
        "--adapter",
        help="`newest`: the newest published adapter of this device's line, and the personal one. "
        "`backbone-only`: none, and the federation is not asked.",
    ),
]
RunOption = Annotated[
    str,
    typer.Option(
        "--run",
        help="Id or name of the run whose adapter answers. Default: the one that this device took "
        "part in last, else the one that published last.",
        show_default=False,
    ),
]
ThreadsOption = Annotated[
    int, typer.Option("--threads", min=1, help="Threads of one step of an answer.")
]
RagOption = Annotated[
    str | None,
    typer.Option(
        "--rag",
        metavar="HOST:PORT",
        help="Document index to ask. Default: this device's own, started when it is needed.",
        show_default=False,
    ),
]
RagCertificateOption = Annotated[
    Path | None,
    typer.Option(
        "--rag-certificate",
        help="Certificate (PEM) that the index at --rag is verified against.",
        show_default=False,
    ),
]


def serving_options(  # noqa: PLR0913 - one parameter per option
    *,
    backbone: Path | None = None,
    threads: int = 1,
    adapter: AdapterChoice = AdapterChoice.NEWEST,
    run: str = "",
    rag: str | None = None,
    rag_certificate: Path | None = None,
) -> ServingOptions:
    """Put options and settings together."""
    settings = load_settings(AgentSettings)
    return ServingOptions(
        backbone=backbone,
        threads=threads,
        run=run,
        backbone_only=adapter is AdapterChoice.BACKBONE_ONLY,
        rag_address=rag,
        rag_certificate=rag_certificate,
        poll_seconds=settings.serving_poll_seconds,
        waiting_limit=settings.serving_queue,
    )
