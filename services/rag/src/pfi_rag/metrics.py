"""Every metric of the retrieval service. Declared in `observability/metrics.yaml`."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from pfi_common.telemetry.metrics import RpcMetrics
from pfi_rag.domain.documents import ForgetReport
from pfi_rag.domain.query import SearchResult
from pfi_rag.domain.submission import DocumentOutcome, DocumentResult

_SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3)


class RagMetrics:
    """The metric objects; the port `Meter`.

    Attributes:
        rpc: Rate, errors and duration of calls.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.rpc = RpcMetrics("rag", registry)
        self._rest = Counter(
            "pfi_rag_rest_requests",
            "Requests of the REST API that ended, by route and status.",
            ["route", "status"],
            registry=registry,
        )
        self._documents = Counter(
            "pfi_rag_documents",
            "Documents that were handed in, by what became of them.",
            ["outcome"],
            registry=registry,
        )
        self._passages = Counter(
            "pfi_rag_passages", "Passages of the documents that were stored.", registry=registry
        )
        self._search_seconds = Histogram(
            "pfi_rag_search_seconds",
            "Time to answer a search, by how passages were found.",
            ["mode"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._without_evidence = Counter(
            "pfi_rag_searches_without_evidence",
            "Searches that found nothing that speaks of the query.",
            registry=registry,
        )
        self._forgotten = Counter(
            "pfi_rag_documents_forgotten", "Documents that were erased.", registry=registry
        )
        self._open_indexes = Gauge(
            "pfi_rag_open_indexes", "Indexes that are open.", registry=registry
        )

    def watch_indexes(self, count: Callable[[], int]) -> None:
        """Names where the number of open indexes is read at each scrape."""
        self._open_indexes.set_function(count)

    def rest_done(self, route: str, status: int) -> None:
        """A request of the REST API ended."""
        self._rest.labels(route=route, status=str(status)).inc()

    def document_done(self, result: DocumentResult) -> None:
        """A document was stored or refused."""
        self._documents.labels(outcome=result.outcome.value).inc()
        if result.outcome in (DocumentOutcome.ADDED, DocumentOutcome.REPLACED):
            self._passages.inc(result.passages)

    def search_done(self, result: SearchResult, seconds: float) -> None:
        """A search was answered."""
        self._search_seconds.labels(mode=result.mode.value).observe(seconds)
        if result.no_evidence:
            self._without_evidence.inc()

    def forgotten(self, report: ForgetReport) -> None:
        """Documents were erased."""
        self._forgotten.inc(report.documents)
