"""What answering tells people; questions, answers and passages are not part of it."""

from collections.abc import Mapping
from typing import Any, Protocol

from pfi_client_agent.domain.serving import AdapterSet, Refusal
from pfi_common.errors import PlatformError


class ServingObserver(Protocol):
    """Is told what happens, on the event loop's thread."""

    def ready(self, url: str) -> None:
        """The API takes requests."""
        ...

    def adapter_changed(self, adapters: AdapterSet) -> None:
        """These adapters answer from now on."""
        ...

    def adapter_refused(self, refusal: Refusal) -> None:
        """A newer adapter is not used; what answered before goes on answering."""
        ...

    def federation_unreachable(self, error: PlatformError, delay_seconds: float) -> None:
        """The newest adapter cannot be asked for; tried again after the delay."""
        ...

    def answered(self, adapter: Mapping[str, Any], tokens: int, seconds: float) -> None:
        """An answer was given."""
        ...

    def answer_failed(self, error: PlatformError) -> None:
        """A request ended with an error."""
        ...
