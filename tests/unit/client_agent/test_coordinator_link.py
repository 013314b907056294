"""A session whose call has ended before the agent says something."""

import asyncio

import pytest

from pfi.coordinator.v1.session_service_pb2 import SessionRequest
from pfi_client_agent.adapters.coordinator_link import SessionStream
from pfi_common.errors import ServiceUnavailableError


class EndedCall:
    """What gRPC's call does once it is over."""

    def __init__(self, outcome) -> None:
        self._outcome = outcome

    async def write(self, _):
        raise asyncio.InvalidStateError("RPC already finished.")

    async def read(self):
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome


async def test_a_call_that_the_server_ended_is_a_failure_that_may_pass():
    with pytest.raises(ServiceUnavailableError, match="ended the session"):
        await SessionStream(EndedCall(None)).send(SessionRequest())


async def test_a_call_that_failed_says_what_with():
    with pytest.raises(ServiceUnavailableError, match="nothing listens"):
        await SessionStream(EndedCall(ServiceUnavailableError("nothing listens"))).send(
            SessionRequest()
        )
