"""Notices when the store has lost the registry, and then fails closed."""

from pfi_common.errors import StoreUnsuitableError


class GuardStore:
    """Knows whether the store holds the federation that this coordinator belongs to.

    A store that was wiped must not be filled with new members: the old ones, and the revocations,
    would be forgotten for good.
    """

    def __init__(self, *, intact: bool) -> None:
        self.intact = intact

    def require_intact(self) -> None:
        """Lets enrolment and new runs pass.

        Raises:
            StoreUnsuitableError: The store was wiped.
        """
        if not self.intact:
            raise StoreUnsuitableError(
                "Redis is empty, but this federation has members. Restore Redis from its backup; "
                "or, to begin with an empty registry, run `pfi-coordinator accept-empty-store`."
            )
