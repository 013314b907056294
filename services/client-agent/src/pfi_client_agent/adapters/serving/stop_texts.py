"""Ends an answer at a stop text, and holds back what may become one."""

from collections.abc import Sequence


class StopTexts:
    """Passes text on, except for a stop text and what follows it.

    Args:
        stops: Texts that end an answer.

    Attributes:
        found: True once one was met.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = [stop for stop in stops if stop]
        self._held = ""
        self.found = False

    def feed(self, text: str) -> str:
        """Take the next piece; gives what is surely not part of a stop text."""
        if self.found:
            return ""
        self._held += text
        starts = [at for stop in self._stops if (at := self._held.find(stop)) >= 0]
        if starts:
            self.found = True
            return self._take(min(starts))
        return self._take(len(self._held) - self._undecided())

    def flush(self) -> str:
        """Give what was held back: the answer is over."""
        return "" if self.found else self._take(len(self._held))

    def _undecided(self) -> int:
        """Give the length of the longest end that a stop text begins with."""
        longest = 0
        for stop in self._stops:
            for length in range(min(len(stop) - 1, len(self._held)), longest, -1):
                if self._held.endswith(stop[:length]):
                    longest = length
                    break
        return longest

    def _take(self, length: int) -> str:
        taken, self._held = self._held[:length], self._held[length:]
        return taken
