"""What went wrong with a connection, in words, from what gRPC says about it.

A server that refuses a client's certificate just closes the connection (TLS 1.3 sends the
certificate last), so that case is told by guessing what is likely.
"""

import grpc

INTERRUPTED = "Internal error from Core"
"""Details of a call that the server ended, or lost, while this side was sending (see
`pfi_common.rpc.draining`); gRPC gives it the status INTERNAL, and no reason."""

_CAUSES = (
    (
        INTERRUPTED,
        "the service ended the call while data was being sent: ask for the state of what was "
        "sent, which also tells the reason",
    ),
    (
        "certificate has expired",
        "the server's certificate has expired: issue the service a new one, or correct this "
        "machine's clock",
    ),
    (
        "Hostname Verification Check failed",
        "the server's certificate is not for this address: issue the service one that names it, "
        "or call an address that it names",
    ),
    (
        "unsupported certificate purpose",
        "the peer presented a certificate that is not a server's: something else answers at this "
        "address",
    ),
    (
        "CERTIFICATE_VERIFY_FAILED",
        "the server's certificate is not of this federation: check the address",
    ),
    ("Connection refused", "nothing listens at this address: check it, and that the service runs"),
    ("DNS resolution failed", "the host's name cannot be resolved: check the address"),
    ("Endpoint closing", "the connection was closed by this process"),
    (
        "failed to connect",
        "the server closed the connection before it was set up: it does not accept this "
        "certificate (expired, or of another federation), or it is stopping",
    ),
)
"""Texts in the details of a failed call, the most telling first, and what they mean."""


def explain(code: grpc.StatusCode, details: str) -> str:
    """Says why a server did not answer.

    Args:
        code: Status of the call.
        details: What gRPC says about it.
    """
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return "the service did not answer before the deadline"
    if code is grpc.StatusCode.CANCELLED:
        return "the call was cancelled, as it is when the service stops"
    causes = (cause for sign, cause in _CAUSES if sign in details)
    return next(causes, "the connection to the service was lost")
