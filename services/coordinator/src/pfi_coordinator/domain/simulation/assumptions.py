"""All that a simulation assumes, by section."""

from dataclasses import dataclass, field

from pfi_coordinator.domain.simulation.device_model import DeviceModel
from pfi_coordinator.domain.simulation.learning_model import LearningModel
from pfi_coordinator.domain.simulation.service_model import ServiceModel


@dataclass(frozen=True)
class Assumptions:
    """Devices, services and learning."""

    devices: DeviceModel = field(default_factory=DeviceModel)
    service: ServiceModel = field(default_factory=ServiceModel)
    learning: LearningModel = field(default_factory=LearningModel)


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is simulated.

    Attributes:
        clients: Enrolled devices.
        seed: Of everything random but the selection, which has the run's own.
        begin_hour: Time of day, UTC, at which the run is submitted.
        longest_days: When the simulation is given up.
        spools: Spools that rounds are dealt to.
        restart_hours: Hours after the begin at which the coordinator is restarted.
        target_loss: Loss whose time is asked for; None for none.
    """

    clients: int
    seed: int = 0
    begin_hour: float = 18.0
    longest_days: float = 30.0
    spools: int = 1
    restart_hours: tuple[float, ...] = ()
    target_loss: float | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """What the run asks of a client and of the aggregator.

    Attributes:
        coordinates: Numbers in the shared adapter.
        download_bytes: Payload that a client fetches.
        upload_bytes: Payload that a client sends.
        train_tokens: Tokens that a client trains on in one task, at most.
        evaluate_tokens: Tokens that a client evaluates at the end.
        robust: Whether workers compute a robust rule.
        keeps_history: Whether clients are selected by what they did in earlier rounds.
    """

    coordinates: int
    download_bytes: int
    upload_bytes: int
    train_tokens: float
    evaluate_tokens: float
    robust: bool = False
    keeps_history: bool = False
