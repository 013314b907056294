"""How gRPC waits for calls; to be said before it is imported."""

import os

DIRECT_WAITING = {"GRPC_EXPERIMENTS": "-event_engine_listener,-event_engine_client"}
"""Variables under which the thread of gRPC that waits for calls reads their bytes itself.

By default a pool of threads (gRPC's event engine) reads them, and then wakes the thread that waits:
one more thread to wake for each message, and each has to find a processor free. A gRPC without
these experiments ignores their names and reads as it does by default.
"""


def wait_directly() -> None:
    """Has gRPC wait directly, unless the environment says how; call it before gRPC is imported."""
    for name, value in DIRECT_WAITING.items():
        os.environ.setdefault(name, value)  # noqa: TID251 - gRPC reads nothing but its environment
