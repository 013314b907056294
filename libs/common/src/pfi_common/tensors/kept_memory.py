"""Memory for sums that is kept from one round to the next."""

import weakref
from collections import deque

import numpy as np
from numpy.typing import NDArray


class KeptMemory:
    """Gives arrays of zeros, in memory that was used before where there is some. Thread-safe.

    The first write to a page that is new to a process costs the kernel more than ten times what
    setting it to zero again costs, and the sums of a large adapter are new pages in each round.
    Memory comes back when nobody refers to an array, or to a part of it, any more; the array that
    came back last is kept, and no other.
    """

    def __init__(self) -> None:
        self._spare: deque[NDArray[np.int64]] = deque(maxlen=1)

    def zeros(self, count: int) -> NDArray[np.int64]:
        """Gives an array of zeros.

        Shapes: (count,).
        """
        owner = self._take(count)
        if owner is None:
            owner = np.zeros(count, dtype=np.int64)
        else:
            owner.fill(0)
        # Parts of an array refer to what owns its memory. That is to be this array, whose end is
        # told, and not `owner`: numpy looks no further than a memoryview.
        lent = np.frombuffer(owner.data, dtype=np.int64)
        weakref.finalize(lent, self._spare.append, owner).atexit = False
        return lent

    def _take(self, count: int) -> NDArray[np.int64] | None:
        """Takes what is spare; memory of another size is let go of before more is asked for."""
        try:
            owner = self._spare.pop()
        except IndexError:
            return None
        return owner if owner.size == count else None
