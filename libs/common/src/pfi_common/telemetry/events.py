"""The closed list of log events.

Each part of the platform adds its names in its own block; a name says what happened, in the past
tense or as a state. An architecture test keeps declared and used events equal.
"""

from enum import StrEnum


class Event(StrEnum):
    """What a log line is about."""

    # every service
    LIBRARY_MESSAGE = "library_message"
    SERVICE_DRAINING = "service_draining"
    SERVICE_STOPPED = "service_stopped"

    # rpc
    RPC_FINISHED = "rpc_finished"
    RPC_FAILED = "rpc_failed"

    # revocation
    REVOCATION_LIST_CHANGED = "revocation_list_changed"
    REVOCATION_LIST_UNREADABLE = "revocation_list_unreadable"

    # coordinator

    # aggregator

    # export worker

    # client agent

    # command line and local federation
