"""Numbers of processes that a federation in a folder cannot have now, each with what to do."""

from pfi_cli.local.federation_file import read_federation
from pfi_cli.local.layout import StateLayout
from pfi_cli.local.open_rounds import unsettled_rounds
from pfi_cli.local.scale import Scale
from pfi_cli.local.start_refused import StartRefusedError
from pfi_common.counting import counted


def running_already(layout: StateLayout, asked: Scale) -> StartRefusedError:
    """Says what runs in the folder, and what to do for the numbers that were asked for."""
    found = read_federation(layout)
    runs = asked if found is None else found.scale
    stop = f"`pfi down --state {layout.root}`"
    message = f"a federation runs in {layout.root} already: {_text(runs)}"
    if runs == asked:
        return StartRefusedError(message, f"Use it as it is; {stop} stops it.")
    return StartRefusedError(
        f"{message}, not {_text(asked)}",
        f"{stop} first, then this command again; a run under way goes on afterwards.",
    )


def refuse_to_lose_rounds(layout: StateLayout, scale: Scale) -> None:
    """Refuses to leave out a spool on which updates of rounds still lie.

    Raises:
        StartRefusedError: There is one.
    """
    left_out = {
        name: folder for name, folder in layout.spools().items() if name not in scale.spools
    }
    for name, folder in left_out.items():
        rounds = unsettled_rounds(folder)
        if rounds:
            raise StartRefusedError(
                f"{_text(scale)} would leave out {name}, where {counted(rounds, 'round')} "
                f"{'has' if rounds == 1 else 'have'} not settled",
                "Start it with the aggregators that it had, and with fewer when no run is under "
                f"way; or delete {folder}, which gives up what lies there.",
            )


def _text(scale: Scale) -> str:
    aggregators = counted(scale.aggregators, "aggregator")
    sizes = f"{aggregators} and {counted(scale.workers, 'worker')}"
    if scale.coordinators == 1:
        return sizes
    return f"{counted(scale.coordinators, 'coordinator')}, {sizes}"
