"""Everything that a task is done with, in one value."""

from dataclasses import dataclass
from pathlib import Path

from pfi_client_agent.adapters.adapter_cache import AdapterCache
from pfi_client_agent.adapters.learning_thread import LearningThread
from pfi_client_agent.adapters.personal_store import PersonalStore
from pfi_client_agent.adapters.residual_store import ResidualStore
from pfi_client_agent.adapters.run_notes import RunNotes
from pfi_client_agent.adapters.update_store import UpdateStore
from pfi_client_agent.application.device_watch import DeviceWatch
from pfi_client_agent.application.membership import Membership
from pfi_client_agent.application.observer import Observer
from pfi_client_agent.domain.local_data import LocalData
from pfi_client_agent.domain.upload_encodings import UPLOAD_ENCODINGS
from pfi_common.clock import Clock


@dataclass(frozen=True)
class Workplace:
    """What tasks need.

    Attributes:
        root: The agent's state folder.
        membership: Who this agent is, and where the federation is.
        data: The device's rows.
        learning: The thread that all learning runs in.
        cache: Downloaded adapters.
        updates: Encoded updates of open rounds.
        residuals: What the encodings of updates lost, where it is fed back.
        personals: Personal adapters.
        notes: Notes of runs, evaluations, journal.
        observer: Is told what happens.
        clock: The time.
        upload_encodings: Encodings of updates that this agent offers.
        device_class: Class of this device; empty for none.
        device: What this device is like now.
    """

    root: Path
    membership: Membership
    data: LocalData
    learning: LearningThread
    cache: AdapterCache
    updates: UpdateStore
    residuals: ResidualStore
    personals: PersonalStore
    notes: RunNotes
    observer: Observer
    clock: Clock
    device: DeviceWatch
    upload_encodings: tuple[str, ...] = UPLOAD_ENCODINGS
    device_class: str = ""
