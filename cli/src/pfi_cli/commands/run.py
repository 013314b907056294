"""`pfi run`: submit, watch, list, show, steer and cancel runs."""

from dataclasses import asdict
from typing import Annotated

import typer

from pfi_cli.api.client import ApiClient
from pfi_cli.api.runs import Run
from pfi_cli.commands.connected import connected
from pfi_cli.commands.explain import explain
from pfi_cli.commands.lifecycle import extend, pause, restart, resume
from pfi_cli.commands.options import (
    BackboneOption,
    DescribedOption,
    JsonOption,
    RunArgument,
    SpecArgument,
)
from pfi_cli.exit_codes import ExitCode
from pfi_cli.output.clusters import print_clusters
from pfi_cli.output.console import print_json, say, stdout
from pfi_cli.output.memory import memory_sentence
from pfi_cli.output.run_details import print_run
from pfi_cli.output.run_progress import watch_run
from pfi_cli.output.tables import print_table, run_table

app = typer.Typer(no_args_is_help=True, help="Federated training jobs.")
app.command()(explain)


@app.command()
@connected
def submit(  # noqa: PLR0913 - one per option
    api: ApiClient,
    spec: SpecArgument,
    described: DescribedOption = None,
    backbone: BackboneOption = None,
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Follow the run to its end.")] = False,
    json: JsonOption = False,
) -> None:
    """Submit a run.

    What the run's adapter looks like and which backbone it is for is described by `pfi-agent
    describe`, which is called if it is installed here, or by the file that it wrote elsewhere.

    Examples:
    * `pfi run submit spec.yaml --watch`

    * `pfi-agent describe spec.yaml --json > described.json` on a machine with the backbone, then
      `pfi run submit spec.yaml --described described.json`
    """
    from pfi_cli.submission import describe_spec
    from pfi_common.spec import load_description, load_run_spec, run_facts

    checked = load_run_spec(spec)
    description = load_description(described) if described else describe_spec(spec, backbone)
    description.require_fits(checked)
    run = api.submit_run(checked.model_dump(mode="json"), description.model_dump(mode="json"))
    if not json:
        say(f"submitted {run.name} ({run.run})")
        say(memory_sentence(asdict(run_facts(checked, description))))
    if watch:
        run = _follow(api, run)
    _show(run, json=json, brief=not watch)
    _exit_as_ended(run, watched=watch)


@app.command()
@connected
def watch(api: ApiClient, run: RunArgument, *, json: JsonOption = False) -> None:
    """Follow a run to its end; the exit status says how it ended.

    Example: `pfi run watch assistants && pfi report assistants`
    """
    ended = _follow(api, api.run(run))
    _show(ended, json=json)
    _exit_as_ended(ended, watched=True)


@app.command("list")
@connected
def list_runs(api: ApiClient, *, json: JsonOption = False) -> None:
    """List runs.

    Example: `pfi run list`
    """
    runs = api.runs()
    if json:
        print_json([run.model_dump(mode="json") for run in runs])
    else:
        print_table(run_table(runs))


@app.command()
@connected
def show(api: ApiClient, run: RunArgument, *, json: JsonOption = False) -> None:
    """Show a run: its rounds, who took part, what it waits for.

    Example: `pfi run show assistants --json | jq .state`
    """
    if json:
        print_json(api.run_document(run))
    else:
        print_run(api.run(run), stdout())


@app.command()
@connected
def clusters(api: ApiClient, run: RunArgument, *, json: JsonOption = False) -> None:
    """Show the groups of similar clients of a run, each with an adapter of its own.

    Example: `pfi run clusters assistants --json | jq '.clusters[].members[].client'`
    """
    if json:
        print_json(api.clusters_document(run))
    else:
        print_clusters(api.clusters(run), stdout())


@app.command()
@connected
def cancel(api: ApiClient, run: RunArgument, *, json: JsonOption = False) -> None:
    """Stop a run. Adapters that it published stay.

    Example: `pfi run cancel assistants`
    """
    _show(api.cancel_run(run), json=json, brief=True)


for _steer in (pause, resume, extend, restart):
    app.command()(_steer)


def _follow(api: ApiClient, run: Run) -> Run:
    """Follows a run; whoever stops that is told that the run goes on."""
    try:
        return watch_run(api, run)
    except KeyboardInterrupt:
        say(
            f"the run goes on; `pfi run watch {run.name}` follows it again, "
            f"`pfi run pause {run.name}` pauses it, `pfi run cancel {run.name}` stops it"
        )
        raise


def _show(run: Run, *, json: bool, brief: bool = False) -> None:
    if json:
        print_json(run.model_dump(mode="json"))
    elif brief:
        stdout().print(run.run)
    else:
        print_run(run, stdout())


def _exit_as_ended(run: Run, *, watched: bool) -> None:
    if watched and run.state != "completed":
        raise typer.Exit(ExitCode.RUN_NOT_COMPLETED)
