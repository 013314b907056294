"""`pfi-agent start`: the agent itself."""

import sys
from fractions import Fraction
from typing import Annotated

import typer

from pfi_client_agent.entrypoints.options import (
    BackboneOption,
    BadRowLimitOption,
    ColumnsOption,
    DeviceClassOption,
    HeldOutRowsOption,
    JsonLogsOption,
    MeteredOption,
    NameOption,
    SpeakerOption,
    SplitByOption,
    StateOption,
    TokenOption,
    TrainingThreadsOption,
    UploadEncodingsOption,
    device_class_of,
    offered_encodings,
    parse_reading,
    read_token,
    state_folder,
)


def start(  # noqa: PLR0913, PLR0917 - one parameter per option
    data: Annotated[
        str,
        typer.Option(
            "--data",
            metavar="SOURCE",
            help="Rows to train on: a .jsonl, .parquet, .txt or .md file, a folder of them, or "
            "datasets:NAME[:SPLIT].",
        ),
    ],
    token: TokenOption = None,
    name: NameOption = "",
    backbone: BackboneOption = None,
    state: StateOption = None,
    threads: TrainingThreadsOption = 1,
    held_out_rows: HeldOutRowsOption = 256,
    columns: ColumnsOption = None,
    split_by: SplitByOption = None,
    speaker: SpeakerOption = None,
    bad_row_limit: BadRowLimitOption = Fraction(1, 10),
    upload_encodings: UploadEncodingsOption = None,
    device_class: DeviceClassOption = None,
    metered: MeteredOption = None,
    serve: Annotated[
        str | None,
        typer.Option(
            "--serve",
            metavar="HOST:PORT",
            help="Answer questions, too, at this address, such as 127.0.0.1:0; see "
            "`pfi-agent serve`.",
            show_default=False,
        ),
    ] = None,
    json_logs: JsonLogsOption = False,
) -> None:
    """Work for the federation with the rows of a file or folder, until SIGTERM or Ctrl-C.

    A row has `text` (and a `label` for classifiers), or `messages` (a conversation), or `prompt`
    and `completion`. The rows never leave this device; neither does the personal adapter.
    `pfi-agent data check` says beforehand what would be read.

        pfi-agent start --data notes.jsonl --token @join.token --name kitchen

        pfi-agent start --data notes/ --backbone ./qwen2.5-0.5b

        pfi-agent start --data mails.parquet --columns text=body,label=category

        pfi-agent start --data notes.jsonl --serve 127.0.0.1:8484

        pfi-agent start --data play.txt --split-by speaker --speaker ROMEO
    """
    from pfi_client_agent.bootstrap import LearningOptions
    from pfi_client_agent.entrypoints.agent_process import AgentProcess, choose_observer
    from pfi_client_agent.entrypoints.serving_options import serving_options

    observer = choose_observer(at_terminal=sys.stderr.isatty() and not json_logs)
    process = AgentProcess(
        folder=state_folder(state),
        data=data,
        reading=parse_reading(columns, split_by, speaker),
        bad_row_limit=bad_row_limit,
        token=None if token is None else read_token(token),
        display_name=name,
        learning=LearningOptions(backbone, threads, held_out_rows),
        observer=observer,
        # The same threads: in some of torch's libraries their number belongs to the process.
        serving=None
        if serve is None
        else (serve, serving_options(backbone=backbone, threads=threads)),
        upload_encodings=offered_encodings(upload_encodings),
        device_class=device_class_of(device_class),
        metered=metered,
    )
    process.run()
