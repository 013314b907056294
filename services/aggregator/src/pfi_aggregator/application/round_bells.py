"""Wakes those who watch a round."""

import asyncio
from weakref import WeakValueDictionary

from pfi_aggregator.domain.round_key import RoundKey
from pfi_common.errors import ServiceUnavailableError


class RoundBells:
    """One bell per watched round.

    Take `bell` first, then look at the round, then wait: nothing is missed so.
    """

    def __init__(self) -> None:
        # a bell lives as long as someone waits for it
        self._bells: WeakValueDictionary[RoundKey, asyncio.Event] = WeakValueDictionary()
        self._any = asyncio.Event()
        self._closed = False

    def any_bell(self) -> asyncio.Event:
        """Gives the event that the next change of any round sets."""
        return self._any

    def bell(self, key: RoundKey) -> asyncio.Event:
        """Gives the event that the next change of the round sets.

        Raises:
            ServiceUnavailableError: the service is draining.
        """
        if self._closed:
            raise ServiceUnavailableError("The aggregator is draining.")
        fresh = asyncio.Event()
        return self._bells.setdefault(key, fresh)

    def ring(self, key: RoundKey) -> None:
        """Wakes the watchers of a round."""
        self._any.set()
        self._any = asyncio.Event()
        bell = self._bells.pop(key, None)
        if bell is not None:
            bell.set()

    def close(self) -> None:
        """Wakes all watchers for the last time: the service drains."""
        self._closed = True
        for key in tuple(self._bells):
            self.ring(key)
