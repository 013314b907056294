"""Tells as JSON logs what happens while answering."""

from collections.abc import Mapping
from typing import Any

from pfi_client_agent.application.serving.observer import ServingObserver
from pfi_client_agent.domain.serving import AdapterSet, Refusal
from pfi_common.errors import PlatformError
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import get_logger


class ServingLogObserver(ServingObserver):
    """One log line for everything that happens."""

    def ready(self, url: str) -> None:
        """Log where the API is."""
        get_logger().info(Event.ANSWERS_READY, address=url)

    def adapter_changed(self, adapters: AdapterSet) -> None:
        """Log what answers."""
        published = adapters.published
        if published is None:
            get_logger().info(Event.SERVING_ADAPTER_CHANGED, state="backbone-only")
            return
        get_logger().info(
            Event.SERVING_ADAPTER_CHANGED,
            run=published.run,
            line=published.line,
            version=published.version,
            adapter_digest=published.digest,
            state="shared" if adapters.personal is None else "shared+personal",
        )

    def adapter_refused(self, refusal: Refusal) -> None:
        """Log what does not answer, and why."""
        adapter = refusal.adapter
        get_logger().warning(
            Event.SERVING_ADAPTER_REFUSED,
            error=refusal.error,
            run=adapter["run"],
            line=adapter["line"],
            version=adapter["version"],
            adapter_digest=adapter["digest"],
        )

    def federation_unreachable(self, error: PlatformError, delay_seconds: float) -> None:
        """Log why the newest adapter is not known."""
        get_logger().warning(
            Event.SERVING_ADAPTER_UNKNOWN, error=error, retry_after_seconds=round(delay_seconds, 3)
        )

    def answered(self, adapter: Mapping[str, Any], tokens: int, seconds: float) -> None:
        """Log how long an answer was, and nothing of it."""
        get_logger().info(
            Event.ANSWER_GIVEN,
            run=adapter["run"],
            version=adapter["version"],
            count=tokens,
            seconds=round(seconds, 3),
        )

    def answer_failed(self, error: PlatformError) -> None:
        """Log why there was no answer."""
        get_logger().warning(Event.ANSWER_FAILED, error=error)
