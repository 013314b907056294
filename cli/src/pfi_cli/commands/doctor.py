"""`pfi doctor`: what is in order on this machine, and what is not."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pfi_cli.commands.connected import StateOption, settings_with
from pfi_cli.commands.options import JsonOption
from pfi_cli.exit_codes import ExitCode
from pfi_cli.output.console import print_json, say, stderr, stdout


def doctor(  # noqa: PLR0913 - one per option
    *,
    spec: Annotated[
        Path | None, typer.Option(help="Run specification: estimates the memory that it takes.")
    ] = None,
    backbone: Annotated[
        Path | None, typer.Option(help="Local copy of the specification's backbone.")
    ] = None,
    agents: Annotated[
        list[Path] | None,
        typer.Option("--agent", help="State folder of an agent. Default: those below the state."),
    ] = None,
    redis: Annotated[
        str | None, typer.Option(help="URL of the federation's Redis. Default: the local one's.")
    ] = None,
    state: StateOption = None,
    url: Annotated[
        str | None, typer.Option(help="Admin API to compare clocks with (PFI_URL).")
    ] = None,
    authority: Annotated[
        Path | None, typer.Option(help="PEM file of its certificate authority (PFI_AUTHORITY).")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Look at this machine: what is in order, what is not, and what to do about it.

    Ports, services, certificates, clocks, Redis, disks, the spool, the container engine, the device
    that trains, and with --spec the memory that training takes there. Nothing is changed. A problem
    gives exit status 1; a warning does not.

    Examples:
    * `pfi doctor`

    * `pfi doctor --spec spec.yaml --backbone models/small` before a first run

    * `pfi doctor --json | jq '.findings[] | select(.status == "problem")'`
    """
    from pfi_cli.doctor.checks import CHECKS
    from pfi_cli.doctor.findings import Status
    from pfi_cli.doctor.run_checks import run_checks
    from pfi_cli.doctor.set_scene import set_scene
    from pfi_cli.output.findings import findings_table, summary

    settings = settings_with(state=state, url=url, authority=authority)
    scene = set_scene(settings, spec=spec, backbone=backbone, agents=agents or [], redis_url=redis)
    with stderr().status("looking"):
        findings = run_checks(CHECKS, scene)
    if json:
        print_json({"findings": [asdict(each) for each in findings]})
    else:
        stdout().print(findings_table(findings))
        say(summary(findings))
    if any(each.status is Status.PROBLEM for each in findings):
        raise typer.Exit(ExitCode.FAILED)
