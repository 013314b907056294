"""`pfi-agent start`: the agent itself."""

import sys
from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer

from pfi_client_agent.entrypoints.options import (
    BackboneOption,
    NameOption,
    StateOption,
    TokenOption,
    parse_share,
    read_token,
    state_folder,
)


def start(  # noqa: PLR0913, PLR0917 - one parameter per option
    data: Annotated[
        Path,
        typer.Option(
            "--data", help="Rows to train on: .jsonl (one object a line) or .txt (paragraphs)."
        ),
    ],
    token: TokenOption = None,
    name: NameOption = "",
    backbone: BackboneOption = None,
    state: StateOption = None,
    threads: Annotated[
        int,
        typer.Option(
            "--threads", min=1, help="Threads of training; 1 makes it repeatable bit by bit."
        ),
    ] = 1,
    held_out_rows: Annotated[
        int,
        typer.Option(
            "--held-out-rows", min=1, help="Most held-out rows that one evaluation looks at."
        ),
    ] = 256,
    bad_row_limit: Annotated[
        Fraction,
        typer.Option(
            "--bad-row-limit",
            parser=parse_share,
            metavar="SHARE",
            help="Highest share of unusable rows that is accepted, such as 10% or 0.1.",
        ),
    ] = Fraction(1, 10),
    json_logs: Annotated[
        bool,
        typer.Option("--json-logs", help="JSON logs on stderr, also at a terminal."),
    ] = False,
) -> None:
    """Work for the federation with the rows of a file, until SIGTERM or Ctrl-C.

    A row of a .jsonl file has `text`, or `messages` (a conversation), or `prompt` and `completion`.
    The rows never leave this device; neither does the personal adapter.

        pfi-agent start --data notes.jsonl --token @join.token --name kitchen

        pfi-agent start --data notes.txt --backbone ./qwen2.5-0.5b
    """
    from pfi_client_agent.bootstrap import LearningOptions
    from pfi_client_agent.entrypoints.agent_process import AgentProcess, choose_observer

    observer = choose_observer(at_terminal=sys.stderr.isatty() and not json_logs)
    process = AgentProcess(
        folder=state_folder(state),
        data_file=data,
        bad_row_limit=bad_row_limit,
        token=None if token is None else read_token(token),
        display_name=name,
        learning=LearningOptions(backbone, threads, held_out_rows),
        observer=observer,
    )
    process.run()
