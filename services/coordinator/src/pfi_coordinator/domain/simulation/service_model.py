"""How long the services take, with constants that the platform's own benchmarks measured.

They are medians of docs/explanation/benchmarks.md, from two cores; measure yours with `make bench`.
"""

from dataclasses import dataclass

from pfi_coordinator.domain.simulation.numbers import number


@dataclass(frozen=True)
class ServiceModel:
    """What coordinator and aggregator need for a step of a round.

    Sealing and publishing an adapter of c coordinates takes

        seal_seconds + publish_seconds + c * publish_seconds_per_coordinate,

    which is `publish-latency` (0.44 s for 16.8 M coordinates) less what `round-overhead` takes for
    a tiny adapter. A robust rule over n updates adds n * c * rule_seconds_per_value, as `rules`
    takes on one core (60 s for the median of 100 updates of 16.8 M coordinates).
    """

    first_version_seconds: float = number(1.0, "making version 0")
    restart_seconds: float = number(5.0, "how long a restarted coordinator is away", most=3600.0)
    sessions_per_second: float = number(
        100.0, "sessions that may be opened in a second after a restart", 1e-3
    )
    open_seconds: float = number(0.05, "telling the aggregator of a round, or that it is void")
    hand_out_seconds: float = number(0.001, "writing the task of one client")
    look_seconds: float = number(0.005, "deciding about news and storing it, at least", 1e-4, 60.0)
    look_seconds_per_client: float = number(
        4e-6, "the same for each client of the cohort: the state is stored as a whole", most=1.0
    )
    ingest_bytes_per_second: float = number(
        2.5e8, "payload that one spool takes in (`ingest`, folding ahead)", 1.0
    )
    seal_seconds: float = number(0.05, "fixing the counted set")
    publish_seconds: float = number(0.05, "merge, publication and countersignature, at least")
    publish_seconds_per_coordinate: float = number(2e-8, "the same for each coordinate")
    rule_seconds_per_value: float = number(
        3.6e-8, "robust rules alone, for each coordinate of each update"
    )

    def publication_seconds(self, coordinates: int) -> float:
        """Gives how long finalizing takes."""
        return self.publish_seconds + coordinates * self.publish_seconds_per_coordinate

    def reduction_seconds(self, coordinates: int, updates: int) -> float:
        """Gives how long workers take for a robust rule."""
        return coordinates * updates * self.rule_seconds_per_value

    def looking_seconds(self, cohort: int) -> float:
        """Gives how long the coordinator is busy with one event of a round."""
        return self.look_seconds + cohort * self.look_seconds_per_client
