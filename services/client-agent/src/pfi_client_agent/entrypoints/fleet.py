"""`pfi-agent fleet`: many clients in one process."""

import sys
from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer

from pfi_client_agent.entrypoints.options import (
    BackboneOption,
    BadRowLimitOption,
    ColumnsOption,
    HeldOutRowsOption,
    JsonLogsOption,
    SplitBy,
    TrainingThreadsOption,
    device_classes,
    parse_reading,
)


def fleet(  # noqa: PLR0913, PLR0917 - one parameter per option
    clients: Annotated[
        int, typer.Option("--clients", min=1, max=10_000, help="How many clients to host.")
    ],
    data: Annotated[
        str,
        typer.Option(
            "--data",
            metavar="SOURCE",
            help="A folder with one file or folder for each client; or one file or "
            "datasets:NAME[:SPLIT], whose rows are dealt out.",
        ),
    ],
    state: Annotated[
        Path,
        typer.Option("--state", help="Folder of the fleet; clients/0, clients/1, ... lie in it."),
    ],
    tokens: Annotated[
        Path | None,
        typer.Option(
            "--tokens",
            help="File of join tokens, one a line, from `pfi token create --count N --out FILE`; "
            "needed until every client is enrolled.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str, typer.Option("--name", help="Clients are called NAME-0, NAME-1, ... in lists.")
    ] = "fleet",
    backbone: BackboneOption = None,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Seed of dealing one file's rows out.")
    ] = 0,
    at_once: Annotated[
        int,
        typer.Option(
            "--at-once", min=1, help="Tasks transferred or trained at once; the others wait."
        ),
    ] = 8,
    threads: TrainingThreadsOption = 1,
    held_out_rows: HeldOutRowsOption = 256,
    columns: ColumnsOption = None,
    split_by: Annotated[
        SplitBy | None,
        typer.Option(
            "--split-by",
            help="Each client is one speaker of a plain text, those who say most first.",
            show_default=False,
        ),
    ] = None,
    bad_row_limit: BadRowLimitOption = Fraction(1, 10),
    device_class: Annotated[
        str | None,
        typer.Option(
            "--device-class",
            metavar="NAME,...",
            help="Classes that the clients have in turn, for instance phone,laptop; see `start`.",
            show_default=False,
        ),
    ] = None,
    devices: Annotated[
        Path | None,
        typer.Option(
            "--devices",
            metavar="FILE",
            help="What the clients' devices are like, in turn: YAML or JSON, a list `devices` of "
            "objects with has_battery, battery_percent, charging, metered, idle, memory_bytes or "
            "element_bytes. Read again when it changes. Default: nothing is known of them.",
            show_default=False,
        ),
    ] = None,
    json_logs: JsonLogsOption = False,
) -> None:
    """Host many clients in one process: each with its own identity, data, state and connections.

    Only the backbone is shared: one thread trains one client after the other, with the results that
    an agent of its own would give. Ctrl-C stops; the same command goes on where it stopped, and
    enrols nobody twice. At a terminal, JSON logs go to fleet.log in the state folder.

        pfi token create --count 200 --out tokens.txt

        pfi-agent fleet --clients 200 --tokens tokens.txt --data rows/ --state fleet

        pfi-agent fleet --clients 200 --tokens tokens.txt --data all.jsonl --state fleet

        pfi-agent fleet --clients 50 --tokens t.txt --data play.txt --split-by speaker --state f

        pfi-agent status --state fleet/clients/17
    """
    from pfi_client_agent.adapters.fleet_data import FleetSource
    from pfi_client_agent.bootstrap import LearningOptions
    from pfi_client_agent.entrypoints.fleet_start import FleetOptions, start_fleet

    start_fleet(
        FleetOptions(
            source=FleetSource(
                data=data,
                clients=clients,
                seed=seed,
                reading=parse_reading(columns, None, None),
                split_by_speaker=split_by is SplitBy.SPEAKER,
                bad_row_limit=bad_row_limit,
            ),
            state=state,
            tokens=tokens,
            name=name,
            at_once=at_once,
            learning=LearningOptions(backbone, threads, held_out_rows),
            at_terminal=sys.stderr.isatty() and not json_logs,
            device_classes=device_classes(device_class),
            devices=devices,
        )
    )
