"""What went wrong with a connection, in words, from what gRPC says about it."""

import grpc

_CAUSES = (
    (
        "CERTIFICATE_VERIFY_FAILED",
        "the server's certificate does not verify: it has expired, its name is not the address "
        "that was called, or it is of another federation",
    ),
)
"""Text that gRPC puts into the details of a failed connection, and what it means."""


def explain(code: grpc.StatusCode, details: str) -> str:
    """Says why a server was not reached."""
    for sign, cause in _CAUSES:
        if sign in details:
            return cause
    return f"the call ended with {code.name}"
