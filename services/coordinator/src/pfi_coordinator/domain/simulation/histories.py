"""What a simulated run remembers of its clients, as the run store would keep it."""

from collections.abc import Iterable
from dataclasses import replace

from pfi_coordinator.domain.facts import ClientFacts, ClientReport
from pfi_coordinator.domain.history import HistoryChange, history_changes
from pfi_coordinator.domain.simulation.decided import Decided
from pfi_coordinator.domain.simulation.fleet import Fleet, device_of
from pfi_coordinator.domain.simulation.learning_model import LearningModel


class Histories:
    """Rows by client; none are kept for a run that does not ask for them.

    The utility that clients report is |B| times their loss. The loss is that of a backbone alone
    times a factor of the device: which clients have much to learn does not change in a simulation.
    """

    def __init__(self, fleet: Fleet, model: LearningModel, *, kept: bool) -> None:
        self._fleet, self._model, self._kept = fleet, model, kept
        self._facts: dict[str, ClientFacts] = {}

    def find(self, clients: Iterable[str]) -> tuple[ClientFacts, ...]:
        """Gives the facts of those of these clients that something is known of."""
        if not self._facts:
            return ()
        return tuple(self._facts[client] for client in clients if client in self._facts)

    def report(self, client: str) -> ClientReport | None:
        """Gives what a client tells with its result; None when nobody asks."""
        if not self._kept:
            return None
        device = device_of(client)
        loss = self._model.first_loss * float(self._fleet.loss_factor[device])
        utility = float(self._fleet.training_rows[device]) * loss
        return ClientReport(client, utility)

    def note(self, decided: Decided) -> None:
        """Adds what a decision says of clients."""
        if not self._kept:
            return
        changes = history_changes(decided.before, decided.event, decided.after, decided.now)
        for change in changes:
            known = self._facts.get(change.client) or ClientFacts(change.client)
            self._facts[change.client] = merged(known, change)


def merged(known: ClientFacts, change: HistoryChange) -> ClientFacts:
    """Gives a client's facts after a change; further attempts of a round count once."""
    again = change.selected_round in {0, known.selected_round}
    return replace(
        known,
        selected=known.selected + (not again),
        selected_round=change.selected_round or known.selected_round,
        reported_round=change.reported_round or known.reported_round,
        seconds=known.seconds if change.seconds is None else change.seconds,
        utility=known.utility if change.utility is None else change.utility,
        dropped=known.dropped + change.dropped,
    )
