"""The spools of a simulation: updates are taken in one after the other, as fast as one can."""


class SimulatedSpools:
    """First come, first served, each spool by itself.

    Attributes:
        names: The spools.
        longest_wait_seconds: Longest time that an update waited for others.
    """

    def __init__(self, number: int, bytes_per_second: float) -> None:
        self.names = tuple(f"spool-{index}" for index in range(number))
        self._bytes_per_second = bytes_per_second
        self._free_at = dict.fromkeys(self.names, 0.0)
        self.longest_wait_seconds = 0.0

    def take_in(self, spool: str, size_bytes: int, now: float) -> float:
        """Gives when an update that begins to arrive now is durable."""
        begin = max(now, self._free_at[spool])
        self.longest_wait_seconds = max(self.longest_wait_seconds, begin - now)
        self._free_at[spool] = begin + size_bytes / self._bytes_per_second
        return self._free_at[spool]
