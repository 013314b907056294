"""Hands every signal to everyone in this process who listens."""

from collections.abc import Callable, Sequence

from pfi_coordinator.application.ports.signals import Signal, Signals

Listener = Callable[[Signal], None]


class RouteSignals:
    """The one reader of signals in a process."""

    def __init__(self, signals: Signals, replica: str, listeners: Sequence[Listener]) -> None:
        self._signals = signals
        self._replica = replica
        self._listeners = tuple(listeners)

    async def run(self) -> None:
        """Routes for ever."""
        async for signal in self._signals.listen(self._replica):
            for listener in self._listeners:
                listener(signal)
