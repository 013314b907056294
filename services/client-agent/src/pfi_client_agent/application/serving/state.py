"""What answers now."""

from pfi_client_agent.application.ports import AnswerEngine
from pfi_client_agent.domain.answering import AdapterWeights
from pfi_client_agent.domain.serving import AdapterSet, Refusal
from pfi_client_agent.domain.training import BackboneReference
from pfi_common.errors import AdapterUnknownError, PlatformError, ServiceUnavailableError

_RETRY_SECONDS = 5.0


class ServingState:
    """The adapters that answer; exchanged as a whole, in the engine's thread, between two answers.

    Attributes:
        current: What answers; None before the first adapter is there.
        refusal: A newer adapter that is not used.
        failure: Why the federation could not be asked the last time.
    """

    def __init__(self) -> None:
        self.current: AdapterSet | None = None
        self.refusal: Refusal | None = None
        self.failure: PlatformError | None = None
        self._applied: tuple[AdapterWeights, ...] | None = None

    def install(
        self, engine: AnswerEngine, adapters: AdapterSet, backbone: BackboneReference | None
    ) -> None:
        """Let these adapters answer from now on. Called in the engine's thread.

        Raises:
            PlatformError: They cannot be used; what answered before goes on answering.
        """
        engine.load(backbone)
        self._apply(engine, adapters.layers(personal=True))
        self.current = adapters

    def prepare(self, engine: AnswerEngine, *, personal: bool) -> AdapterSet:
        """Give what answers, applied. Called in the engine's thread, before an answer.

        Raises:
            PlatformError: Nothing can answer yet.
        """
        if self.current is None:
            raise self._why_not()
        self._apply(engine, self.current.layers(personal=personal))
        return self.current

    def _apply(self, engine: AnswerEngine, layers: tuple[AdapterWeights, ...]) -> None:
        if self._applied != layers:
            engine.check(layers)
            # Unknown while it changes: after a failure the next answer applies its own again.
            self._applied = None
            engine.apply(layers)
            self._applied = layers

    def _why_not(self) -> PlatformError:
        if self.refusal is not None:
            return self.refusal.error
        if isinstance(self.failure, AdapterUnknownError):
            return ServiceUnavailableError(
                "The federation has not published an adapter yet. Wait for the first round, or "
                "answer with the backbone alone (--adapter backbone-only).",
                retry_after_seconds=_RETRY_SECONDS,
            )
        if self.failure is not None and not self.failure.retryable:
            return self.failure
        if self.failure is not None:
            return ServiceUnavailableError(
                "No adapter is on this device yet, and the federation cannot be asked for one: "
                f"{self.failure.message}",
                retry_after_seconds=_RETRY_SECONDS,
            )
        return ServiceUnavailableError(
            "The backbone is being loaded.", retry_after_seconds=_RETRY_SECONDS
        )
