"""A coordinator that opens rounds at an aggregator, and publishes them."""

from dataclasses import replace
from pathlib import Path

from benchmarks.intake.members import CALL_SECONDS, RUN, Members
from pfi.aggregator.v1 import lineage_pb2
from pfi.aggregator.v1 import round_service_pb2 as rounds
from pfi.aggregator.v1.round_service_pb2_grpc import RoundServiceStub
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.wire.plans import write_plan
from pfi_common.identity import load_identity
from pfi_common.rpc.channel import secure_channel

PUBLISH_SECONDS = 120.0


class Publisher(Members):
    """Whoever an aggregator talks to, in rounds that are published.

    Args:
        folder: Where identities are kept.
        coordinates: Of an update; a multiple of 32.
    """

    def __init__(self, folder: Path, coordinates: int) -> None:
        super().__init__(folder, coordinates)
        self._coordinator = load_identity(folder / "coordinator")

    async def create(self, target: str) -> None:
        """Publishes version 0."""
        async with secure_channel(target, self._coordinator) as channel:
            response = await RoundServiceStub(channel).CreateInitialAdapter(
                rounds.CreateInitialAdapterRequest(
                    leader_token=1, run=RUN, line="global", schema=self.schema.to_proto(), seed=1
                ),
                timeout=CALL_SECONDS,
            )
        self._take(response.lineage.payload)

    async def publish(self, target: str, number: int) -> rounds.FinalizeRoundResponse:
        """Seals and finalizes a round; the next one starts from what it published."""
        key = write_plan(self._plan(number)).key
        async with secure_channel(target, self._coordinator) as channel:
            stub = RoundServiceStub(channel)
            await channel.channel_ready()
            seal = rounds.SealRoundRequest(leader_token=1, key=key)
            await stub.SealRound(seal, timeout=PUBLISH_SECONDS)
            finalize = rounds.FinalizeRoundRequest(leader_token=1, key=key)
            return await stub.FinalizeRound(finalize, timeout=PUBLISH_SECONDS)

    async def settle(
        self, target: str, number: int, published: rounds.FinalizeRoundResponse
    ) -> None:
        """Deletes a round's updates."""
        key = write_plan(self._plan(number)).key
        async with secure_channel(target, self._coordinator) as channel:
            request = rounds.SettleRoundRequest(leader_token=1, key=key)
            await RoundServiceStub(channel).SettleRound(request, timeout=PUBLISH_SECONDS)
        self._take(published.lineage.payload)

    def _take(self, payload: bytes) -> None:
        self.base_digest = lineage_pb2.Lineage.FromString(payload).adapter.digest

    def _plan(self, number: int) -> RoundPlan:
        return replace(super()._plan(number), optimizer_state_digest="")
