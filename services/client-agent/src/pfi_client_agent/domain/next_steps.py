"""What the one whose agent failed does next."""

from pfi_common.errors import ClientRevokedError, PlatformError


def next_step_for(error: PlatformError) -> str:
    """Give the sentence that follows a failure's message; it holds nothing of the message."""
    if isinstance(error, ClientRevokedError):
        return (
            f"{error.next_step} That takes a new join token and another --state folder: the key "
            "in this one is refused for good."
        )
    return error.next_step
