"""Puts an agent together."""

from dataclasses import dataclass, field
from pathlib import Path

from pfi_client_agent.adapters.adapter_cache import AdapterCache
from pfi_client_agent.adapters.coordinator_link import OpenChannel
from pfi_client_agent.adapters.declared_device import DeclaredDevice
from pfi_client_agent.adapters.digest_cache import DigestCache
from pfi_client_agent.adapters.learning_thread import LearningThread
from pfi_client_agent.adapters.machine import Machine, TrainingMemory
from pfi_client_agent.adapters.personal_store import PersonalStore
from pfi_client_agent.adapters.residual_store import ResidualStore
from pfi_client_agent.adapters.run_notes import RunNotes
from pfi_client_agent.adapters.state_folder import StateFolder
from pfi_client_agent.adapters.update_store import UpdateStore
from pfi_client_agent.application.device_watch import DeviceWatch
from pfi_client_agent.application.membership import Membership
from pfi_client_agent.application.observer import Observer
from pfi_client_agent.application.ports import DeviceState, Learner
from pfi_client_agent.application.workplace import Workplace
from pfi_client_agent.domain.local_data import LocalData
from pfi_client_agent.domain.upload_encodings import UPLOAD_ENCODINGS
from pfi_common.clock import Clock, SystemClock
from pfi_common.rpc.channel import secure_channel


@dataclass(frozen=True)
class LearningOptions:
    """How this device learns.

    Attributes:
        backbone: Folder that is used for every backbone; None: what runs name.
        threads: Threads of one operation.
        held_out_limit: Most held-out rows that an evaluation takes.
    """

    backbone: Path | None = None
    threads: int = 1
    held_out_limit: int = 256


@dataclass(frozen=True)
class Outside:
    """What lies outside of the process.

    Attributes:
        clock: The time.
        open_channel: Opens channels to members.
        device_look_seconds: Time between two looks at the device.
    """

    clock: Clock = field(default_factory=SystemClock)
    open_channel: OpenChannel = secure_channel
    device_look_seconds: float = 10.0


def build_workplace(  # noqa: PLR0913 - everything that an agent is made of
    folder: StateFolder,
    data: LocalData,
    learning: LearningOptions | LearningThread,
    observer: Observer,
    outside: Outside | None = None,
    *,
    upload_encodings: tuple[str, ...] = UPLOAD_ENCODINGS,
    device_class: str = "",
    device: DeviceState | None = None,
) -> Workplace:
    """Build what an enrolled agent works with; a learning thread of its own starts at once.

    Args:
        folder: The state folder.
        data: The device's rows.
        learning: How this device learns, or the thread that several agents share.
        observer: Is told what happens.
        outside: What lies outside of the process.
        upload_encodings: Encodings of updates that are offered to the federation.
        device_class: Class of the device; empty for none.
        device: Tells what the device is like; None: nothing is known of it.

    Raises:
        NotEnrolledError: The state folder holds no complete identity.
    """
    outside = outside or Outside()
    membership = Membership(folder, outside.clock, outside.open_channel, observer)
    return Workplace(
        root=folder.root,
        membership=membership,
        data=data,
        learning=(
            learning
            if isinstance(learning, LearningThread)
            else start_learning_thread(folder, learning)
        ),
        cache=AdapterCache(folder.adapter_cache),
        updates=UpdateStore(folder.updates),
        residuals=ResidualStore(folder.residuals),
        personals=PersonalStore(folder.personal),
        notes=RunNotes(folder),
        observer=observer,
        clock=outside.clock,
        device=DeviceWatch(device or DeclaredDevice(), outside.device_look_seconds),
        upload_encodings=upload_encodings,
        device_class=device_class,
    )


def start_learning_thread(folder: StateFolder, options: LearningOptions) -> LearningThread:
    """Start a thread that learns; the folder remembers the digests of backbones."""
    return LearningThread(lambda: build_learner(folder, options))


def machine_of(learning: LearningThread, *, metered: bool | None, idle_below: float) -> Machine:
    """Make what tells the state of this machine; memory once torch, which knows it, is loaded."""

    def training_memory() -> TrainingMemory | None:
        if not learning.is_ready:
            return None
        from pfi_client_agent.adapters.learning.free_memory import free_training_memory

        return free_training_memory()

    return Machine(metered, idle_below, training_memory)


def build_learner(folder: StateFolder, options: LearningOptions) -> Learner:
    """Import torch and make the learner; takes seconds."""
    from pfi_client_agent.adapters.learning.learner import TorchLearner

    return TorchLearner(
        DigestCache(folder.digests),
        options.backbone,
        threads=options.threads,
        held_out_limit=options.held_out_limit,
    )
