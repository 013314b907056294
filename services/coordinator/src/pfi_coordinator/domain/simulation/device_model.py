"""What is assumed of devices: speeds, networks, when they are there, and how tasks fail.

Speeds and bandwidths are log-normal: of real phones both span more than an order of magnitude with
a long tail (Lai et al. 2022, "FedScale: Benchmarking Model and System Performance of Federated
Learning at Scale", section 3.3, from AI Benchmark and MobiPerf). Devices take part when they are
idle, charging and on an unmetered network, which follows the day (Bonawitz et al. 2019, "Towards
Federated Learning at Scale: System Design", section 9: four times as many at night as by day, and
6 to 10 % drop out of a round). The medians are assumptions; measure your own devices.
"""

from dataclasses import dataclass, field

from pfi_coordinator.domain.simulation.numbers import number


@dataclass(frozen=True)
class Training:
    """How fast devices train."""

    tokens_per_second: float = number(
        400.0, "median over devices, forward and backward pass of this backbone", 1e-3
    )
    spread: float = number(0.7, "standard deviation of its natural logarithm", most=3.0)
    evaluation_share: float = number(0.15, "evaluation, as a share of the time of training")


@dataclass(frozen=True)
class Network:
    """How fast devices send and receive."""

    download_bytes_per_second: float = number(2.5e6, "median over devices", 1.0)
    upload_bytes_per_second: float = number(1.0e6, "median over devices", 1.0)
    spread: float = number(0.9, "standard deviation of both natural logarithms", most=3.0)
    latency_seconds: float = number(0.1, "one way, a message or the begin of a transfer", most=60.0)
    metered_visits: float = number(0.5, "share of visits by day on a metered network", most=1.0)


@dataclass(frozen=True)
class Night:
    """The long stay on the charger, once in each local night."""

    share: float = number(0.8, "share of nights on which a device is put on its charger", most=1.0)
    begin_hour: float = number(22.5, "mean local time of day", most=24.0)
    begin_spread_hours: float = number(1.5, "standard deviation", most=12.0)
    hours: float = number(7.5, "mean length", 0.1, 24.0)
    hours_spread: float = number(1.2, "standard deviation", most=12.0)


@dataclass(frozen=True)
class Day:
    """Short visits by day, on battery."""

    visits: float = number(3.0, "mean number a day", most=8.0)
    visit_minutes: float = number(15.0, "median length", 1.0, 600.0)
    visit_spread: float = number(0.8, "standard deviation of its natural logarithm", most=3.0)
    first_hour: float = number(8.0, "local time of day of the earliest", most=24.0)
    last_hour: float = number(21.0, "local time of day of the latest", most=24.0)


@dataclass(frozen=True)
class Battery:
    """What training takes from a battery that does not charge."""

    level: float = number(0.6, "mean charge when a visit begins, 1 is full", most=1.0)
    level_spread: float = number(0.2, "standard deviation", most=1.0)
    drain_per_hour: float = number(0.25, "charge that an hour of training takes", 1e-6, 10.0)
    least_level: float = number(0.3, "charge below which an agent stops working", most=1.0)


@dataclass(frozen=True)
class Data:
    """What rows devices hold."""

    rows: float = number(400.0, "median over devices", 1.0)
    spread: float = number(1.0, "standard deviation of its natural logarithm", most=3.0)
    loss_spread: float = number(
        0.3, "standard deviation of the natural logarithm of the loss on them", most=3.0
    )


@dataclass(frozen=True)
class Failures:
    """Tasks that go wrong for other reasons than the device being away."""

    given_back: float = number(0.01, "share of tasks that are given back with a reason", most=1.0)
    silent: float = number(0.02, "share of tasks of which nothing is heard any more", most=1.0)


@dataclass(frozen=True)
class Zones:
    """Where devices are: evenly over the whole hours between two offsets from UTC."""

    west_hours: float = number(0.0, "least offset", -12.0, 14.0)
    east_hours: float = number(0.0, "greatest offset", -12.0, 14.0)
    always_on: float = number(
        0.0, "share of devices that are always there, on mains and a wired network", most=1.0
    )


@dataclass(frozen=True)
class DeviceModel:
    """Everything that is assumed of devices."""

    training: Training = field(default_factory=Training)
    network: Network = field(default_factory=Network)
    night: Night = field(default_factory=Night)
    day: Day = field(default_factory=Day)
    battery: Battery = field(default_factory=Battery)
    data: Data = field(default_factory=Data)
    failures: Failures = field(default_factory=Failures)
    zones: Zones = field(default_factory=Zones)
