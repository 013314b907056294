"""Which connected clients may be selected, and why the others may not."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from pfi_common.spec import agreed_upload
from pfi_coordinator.domain.demands import Demands, Unmet, first_unmet
from pfi_coordinator.domain.members import Session


@dataclass(frozen=True)
class Eligibility:
    """What a look at the connected clients found.

    Attributes:
        clients: Those that may be selected now, sorted.
        unmet: The first demand that each of the others does not meet.
    """

    clients: tuple[str, ...]
    unmet: Mapping[str, Unmet]


def sort_out(
    sessions: Iterable[Session], revoked: Set[str], encoding: str, demands: Demands
) -> Eligibility:
    """Parts the connected clients into those that may be selected and the others.

    Args:
        sessions: Open sessions.
        revoked: Clients that are no members any more; they are not counted.
        encoding: Upload encoding of the run, in lower case; those that lose less will do as well.
        demands: What the run demands of devices.
    """
    eligible: list[str] = []
    unmet: dict[str, Unmet] = {}
    for session in sessions:
        if session.client in revoked:
            continue
        missing = _first_unmet(session, encoding, demands)
        if missing is None:
            eligible.append(session.client)
        else:
            unmet[session.client] = missing
    return Eligibility(tuple(sorted(eligible)), unmet)


def _first_unmet(session: Session, encoding: str, demands: Demands) -> Unmet | None:
    if not session.ready:
        return Unmet.READY
    if agreed_upload(encoding, session.encodings) is None:
        return Unmet.ENCODING
    return first_unmet(demands, session.training_rows, session.device_class, session.device)
