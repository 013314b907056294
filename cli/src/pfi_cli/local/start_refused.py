"""A refusal to start that needs another next step than a look into a log."""

from pfi_common.errors import LocalFederationFailedError


class StartRefusedError(LocalFederationFailedError):
    """The federation was not started, for a reason with a remedy of its own."""

    def __init__(self, message: str, next_step: str) -> None:
        super().__init__(message)
        self._next_step = next_step

    @property
    def next_step(self) -> str:
        """What the reader does next."""
        return self._next_step
