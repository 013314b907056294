"""`pfi run pause`, `resume`, `extend` and `restart`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from pfi_cli.adapter_pull import is_digest, published_adapter
from pfi_cli.api.client import ApiClient
from pfi_cli.api.records import Adapter
from pfi_cli.api.runs import Run
from pfi_cli.commands.connected import connected
from pfi_cli.commands.options import BackboneOption, DescribedOption, JsonOption, RunArgument
from pfi_cli.output.console import print_json, say, stdout
from pfi_common.errors import AdapterUnknownError, InvalidRequestError


@connected
def pause(
    api: ApiClient,
    run: RunArgument,
    *,
    now: Annotated[
        bool, typer.Option("--now", help="Break the open round off: its updates are void.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Pause a run. An open round is let finish, and no further one is opened.

    Examples:
    * `pfi run pause assistants`, and later `pfi run resume assistants`

    * `pfi run pause assistants --now` takes the open tasks back from the clients at once
    """
    _tell(api.pause_run(run, at_once=now), json=json)


@connected
def resume(api: ApiClient, run: RunArgument, *, json: JsonOption = False) -> None:
    """Let a paused run go on.

    Example: `pfi run resume assistants && pfi run watch assistants`
    """
    _tell(api.resume_run(run), json=json)


@connected
def extend(
    api: ApiClient,
    run: RunArgument,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds to publish in all.")],
    *,
    json: JsonOption = False,
) -> None:
    """Give a run more rounds. One that has completed goes on from its last adapter.

    It is evaluated again at its new end. A run that failed or was cancelled cannot go on as the
    same run: restart from one of its adapters.

    Example: `pfi run extend assistants --rounds 20`
    """
    _tell(api.extend_run(run, rounds), json=json)


@connected
def restart(  # noqa: PLR0913 - one per option
    api: ApiClient,
    adapter: Annotated[str, typer.Argument(help="Digest, or a run for its newest adapter.")],
    *,
    name: Annotated[str, typer.Option(help="Name of the new run.")],
    line: Annotated[
        str | None, typer.Option(help="Line of a run with clusters, for instance cluster-1.")
    ] = None,
    version: Annotated[
        int | None, typer.Option(min=0, help="Version of that run; its newest unless given.")
    ] = None,
    rounds: Annotated[
        int | None, typer.Option(min=1, help="Rounds of the new run; as the other's unless given.")
    ] = None,
    spec: Annotated[
        Path | None, typer.Option(help="Another run specification; the other run's unless given.")
    ] = None,
    described: DescribedOption = None,
    backbone: BackboneOption = None,
    json: JsonOption = False,
) -> None:
    """Begin a new run with an adapter that any run has published.

    It is version 0 of the new run, with the same digest, and its lineage names where it comes from.
    Backbone and adapter have to be those of the other run; all else may change.

    Examples:
    * `pfi run restart assistants --name assistants-2 --rounds 10`

    * `pfi run restart groups --line cluster-1 --version 4 --name one-group --spec spec.yaml`
    """
    if spec is None and (described or backbone):
        raise InvalidRequestError(
            "--described and --backbone tell of the specification that --spec names; add it, or"
            " leave them out to begin with the other run's"
        )
    found = _found(api, adapter, line, version)
    body: dict[str, Any] = {"name": name, "line": found.line, "version": found.version}
    if rounds is not None:
        body["rounds"] = rounds
    if spec is not None:
        body |= _specified(spec, described, backbone)
    begun = api.restart_run(found.run, body)
    say(f"{begun.name} ({begun.run}) begins with version {found.version} of {found.run}")
    _tell(begun, json=json)


def _found(api: ApiClient, adapter: str, line: str | None, version: int | None) -> Adapter:
    """Finds the adapter to begin with; of several runs that have it, the one that trained it."""
    if not is_digest(adapter):
        return published_adapter(api, adapter, line, version)
    if line is not None or version is not None:
        raise InvalidRequestError(
            "a digest names one adapter: leave --line and --version out, or name the run"
        )
    named = [each for each in api.adapters() if each.digest == adapter]
    if not named:
        raise AdapterUnknownError("no run has published an adapter with this digest")
    return max(named, key=lambda each: each.version)


def _specified(spec: Path, described: Path | None, backbone: Path | None) -> dict[str, Any]:
    from pfi_cli.submission import describe_spec
    from pfi_common.spec import load_description, load_run_spec

    checked = load_run_spec(spec)
    description = load_description(described) if described else describe_spec(spec, backbone)
    description.require_fits(checked)
    return {
        "spec": checked.model_dump(mode="json"),
        "description": description.model_dump(mode="json"),
    }


def _tell(run: Run, *, json: bool) -> None:
    """Says how the run is now, and what it waits for; programs get its id, or JSON."""
    if json:
        print_json(run.model_dump(mode="json"))
        return
    waiting = run.why.waiting_for if run.why is not None and not run.ended else ""
    say(f"{run.name} is {run.state}{f', waiting for {waiting}' if waiting else ''}")
    stdout().print(run.run)
