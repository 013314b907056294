"""Metrics that every service has. Declared in `observability/metrics.yaml`."""

from prometheus_client import CollectorRegistry, Counter, Histogram

_SECONDS = (0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600, 3600)


class RpcMetrics:
    """Rate, errors and duration of the calls that a service answers."""

    def __init__(self, service: str, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            f"pfi_{service}_rpc_requests",
            "Calls that ended, by method and gRPC status.",
            ["method", "code"],
            registry=registry,
        )
        self._seconds = Histogram(
            f"pfi_{service}_rpc_seconds",
            "Time from the arrival of a call to its end.",
            ["method"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._labelled: dict[tuple[str, str], tuple[Counter, Histogram]] = {}

    def record(self, method: str, code: str, seconds: float) -> None:
        """Counts a call that ended.

        Args:
            method: Full name, from the table of policies.
            code: Name of the gRPC status.
            seconds: How long it took.
        """
        requests, durations = self._labelled.get((method, code)) or self._label(method, code)
        requests.inc()
        durations.observe(seconds)

    def _label(self, method: str, code: str) -> tuple[Counter, Histogram]:
        """Looks the two up once; doing so takes longer than counting."""
        name = method.removeprefix("/")
        found = self._requests.labels(method=name, code=code), self._seconds.labels(method=name)
        self._labelled[method, code] = found
        return found
