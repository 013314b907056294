"""Every metric of the aggregator. Declared in `observability/metrics.yaml`."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from pfi_aggregator.domain.update import CommittedUpdate
from pfi_common.telemetry.metrics import RpcMetrics

_SECONDS = (0.01, 0.05, 0.2, 1, 5, 20, 60, 300)


class AggregatorMetrics:
    """The metric objects; the port `Meter`.

    Attributes:
        rpc: Rate, errors and duration of calls.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.rpc = RpcMetrics("aggregator", registry)
        self._committed = Counter(
            "pfi_aggregator_updates_committed", "Updates that were committed.", registry=registry
        )
        self._bytes = Counter(
            "pfi_aggregator_payload_bytes",
            "Payload bytes of the updates that were committed.",
            registry=registry,
        )
        self._clipped = Counter(
            "pfi_aggregator_updates_clipped",
            "Committed updates whose norm was clipped.",
            registry=registry,
        )
        self._capped = Counter(
            "pfi_aggregator_updates_capped",
            "Committed updates whose weight was capped.",
            registry=registry,
        )
        self._refused = Counter(
            "pfi_aggregator_updates_refused",
            "Uploads that ended with an error, by reason.",
            ["reason"],
            registry=registry,
        )
        self._merge_seconds = Histogram(
            "pfi_aggregator_merge_seconds",
            "Time to read and merge a round and to apply the server optimiser.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._left_out = Counter(
            "pfi_aggregator_updates_left_out",
            "Counted updates that a robust rule left out of the merge.",
            registry=registry,
        )
        self._partial_sum_seconds = Histogram(
            "pfi_aggregator_partial_sum_seconds",
            "Time to sum the updates of a spool for the aggregator that finalizes their round.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._fold_lag = Gauge(
            "pfi_aggregator_fold_lag_updates",
            "Committed updates of open and sealed rounds that are to be folded ahead.",
            registry=registry,
        )
        self._make_gauges_of_the_spool(registry)

    def _make_gauges_of_the_spool(self, registry: CollectorRegistry) -> None:
        self._open_rounds = Gauge(
            "pfi_aggregator_open_rounds", "Rounds that take updates.", registry=registry
        )
        self._partial_uploads = Gauge(
            "pfi_aggregator_partial_uploads",
            "Uploads that are stored and not committed.",
            registry=registry,
        )
        self._uploads = Gauge(
            "pfi_aggregator_uploads", "Uploads that run or wait.", ["state"], registry=registry
        )
        self._used_bytes = Gauge(
            "pfi_aggregator_spool_used_bytes",
            "Payload bytes in the spool, running uploads with all of theirs.",
            registry=registry,
        )
        self._limit_bytes = Gauge(
            "pfi_aggregator_spool_limit_bytes",
            "Most payload bytes that the spool may hold.",
            registry=registry,
        )
        self._free_bytes = Gauge(
            "pfi_aggregator_spool_free_bytes",
            "Free bytes on the device that holds the spool.",
            registry=registry,
        )

    def watch_spool(
        self,
        *,
        open_rounds: Callable[[], int],
        partial_uploads: Callable[[], int],
        free_bytes: Callable[[], int],
        used_bytes: Callable[[], int],
        limit_bytes: Callable[[], int],
    ) -> None:
        """Names where the gauges are read at each scrape."""
        self._open_rounds.set_function(open_rounds)
        self._partial_uploads.set_function(partial_uploads)
        self._free_bytes.set_function(free_bytes)
        self._used_bytes.set_function(used_bytes)
        self._limit_bytes.set_function(limit_bytes)

    def watch_uploads(self, *, running: Callable[[], int], waiting: Callable[[], int]) -> None:
        """Names where the gauges of uploads are read at each scrape."""
        self._uploads.labels(state="running").set_function(running)
        self._uploads.labels(state="waiting").set_function(waiting)

    def watch_folding(self, *, lag: Callable[[], int]) -> None:
        """Names where the gauge is read at each scrape."""
        self._fold_lag.set_function(lag)

    def update_committed(self, update: CommittedUpdate) -> None:
        """An update was committed."""
        self._committed.inc()
        self._bytes.inc(update.counted.payload_bytes)
        if update.clipped:
            self._clipped.inc()
        if update.capped:
            self._capped.inc()

    def update_refused(self, reason: str) -> None:
        """An upload ended with an error."""
        self._refused.labels(reason=reason).inc()

    def round_folded(self, seconds: float) -> None:
        """The updates of this spool were summed for another one."""
        self._partial_sum_seconds.observe(seconds)

    def round_merged(self, seconds: float, left_out: int) -> None:
        """A round was merged; its rule left out so many updates."""
        self._merge_seconds.observe(seconds)
        self._left_out.inc(left_out)
