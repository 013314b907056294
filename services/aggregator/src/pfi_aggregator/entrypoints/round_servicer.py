"""RoundService on the wire."""

# ruff: noqa: ARG002, N802 - names and parameters are those of the protos

from collections.abc import AsyncIterator
from dataclasses import dataclass

from pfi.aggregator.v1 import round_service_pb2, round_service_pb2_grpc
from pfi.common.v1 import signed_pb2
from pfi_aggregator.application.abort_round import AbortRound
from pfi_aggregator.application.create_initial_adapter import (
    CreateInitialAdapter,
    InitialAdapter,
)
from pfi_aggregator.application.finalize_round import FinalizeRound
from pfi_aggregator.application.fold_round import FoldRound
from pfi_aggregator.application.get_spool import GetSpool
from pfi_aggregator.application.open_round import OpenRound
from pfi_aggregator.application.seal_round import SealRound
from pfi_aggregator.application.settle_round import SettleRound
from pfi_aggregator.application.watch_round import WatchRound
from pfi_aggregator.wire.lineages import write_committed, write_counted
from pfi_aggregator.wire.names import read_key, read_reference
from pfi_aggregator.wire.parsing import serialize
from pfi_aggregator.wire.plans import read_plan
from pfi_common.rpc.caller import RpcContext
from pfi_common.tensors import Schema


@dataclass(frozen=True)
class RoundUseCases:
    """What RoundService is made of."""

    get_spool: GetSpool
    create_initial_adapter: CreateInitialAdapter
    open: OpenRound
    watch: WatchRound
    seal: SealRound
    fold: FoldRound
    finalize: FinalizeRound
    settle: SettleRound
    abort: AbortRound


class RoundServicer(round_service_pb2_grpc.RoundServiceServicer):
    """Obeys the leading coordinator. The interceptor has read what is needed of each context."""

    def __init__(self, use_cases: RoundUseCases) -> None:
        self._use_cases = use_cases

    async def GetSpool(
        self,
        request: round_service_pb2.GetSpoolRequest,
        context: RpcContext,
    ) -> round_service_pb2.GetSpoolResponse:
        """Gives the spool and the highest token."""
        spool = self._use_cases.get_spool.run()
        return round_service_pb2.GetSpoolResponse(spool=spool.name, leader_token=spool.leader_token)

    async def CreateInitialAdapter(
        self,
        request: round_service_pb2.CreateInitialAdapterRequest,
        context: RpcContext,
    ) -> round_service_pb2.CreateInitialAdapterResponse:
        """Publishes version 0."""
        wanted = InitialAdapter(
            run=request.run,
            line=request.line,
            schema=Schema.from_proto(request.schema),
            seed=request.seed,
            download_encoding=request.download_encoding or None,
            origin=read_reference(request.origin) if request.HasField("origin") else None,
        )
        lineage = await self._use_cases.create_initial_adapter.run(request.leader_token, wanted)
        return round_service_pb2.CreateInitialAdapterResponse(lineage=_statement(lineage))

    async def OpenRound(
        self,
        request: round_service_pb2.OpenRoundRequest,
        context: RpcContext,
    ) -> round_service_pb2.OpenRoundResponse:
        """Opens a round."""
        await self._use_cases.open.run(request.leader_token, read_plan(request.plan))
        return round_service_pb2.OpenRoundResponse()

    async def WatchRound(
        self,
        request: round_service_pb2.WatchRoundRequest,
        context: RpcContext,
    ) -> AsyncIterator[round_service_pb2.WatchRoundResponse]:
        """Streams committed updates."""
        async for update in self._use_cases.watch.run(read_key(request.key)):
            yield round_service_pb2.WatchRoundResponse(update=write_committed(update))

    async def SealRound(
        self,
        request: round_service_pb2.SealRoundRequest,
        context: RpcContext,
    ) -> round_service_pb2.SealRoundResponse:
        """Fixes the counted set."""
        sealed = await self._use_cases.seal.run(request.leader_token, read_key(request.key))
        return round_service_pb2.SealRoundResponse(
            counted=[write_counted(update) for update in sealed.counted],
            sketches=[
                round_service_pb2.UpdateSketch(client=sketch.client, values=sketch.values)
                for sketch in sealed.sketches
            ],
            reduction_pieces=sealed.reduction_pieces,
        )

    async def FoldRound(
        self,
        request: round_service_pb2.FoldRoundRequest,
        context: RpcContext,
    ) -> round_service_pb2.FoldRoundResponse:
        """Sums what this spool adds to a round of another one."""
        partial = await self._use_cases.fold.run(request.leader_token, read_key(request.key))
        return round_service_pb2.FoldRoundResponse(partial=_statement(partial))

    async def FinalizeRound(
        self,
        request: round_service_pb2.FinalizeRoundRequest,
        context: RpcContext,
    ) -> round_service_pb2.FinalizeRoundResponse:
        """Merges and publishes."""
        partials = [serialize(partial) for partial in request.partials]
        result = await self._use_cases.finalize.run(
            request.leader_token, read_key(request.key), partials
        )
        return round_service_pb2.FinalizeRoundResponse(
            lineage=_statement(result.lineage), merge_seconds=result.merge_seconds
        )

    async def SettleRound(
        self,
        request: round_service_pb2.SettleRoundRequest,
        context: RpcContext,
    ) -> round_service_pb2.SettleRoundResponse:
        """Deletes a round's updates."""
        await self._use_cases.settle.run(request.leader_token, read_key(request.key))
        return round_service_pb2.SettleRoundResponse()

    async def AbortRound(
        self,
        request: round_service_pb2.AbortRoundRequest,
        context: RpcContext,
    ) -> round_service_pb2.AbortRoundResponse:
        """Voids an attempt."""
        await self._use_cases.abort.run(request.leader_token, read_key(request.key))
        return round_service_pb2.AbortRoundResponse()


def _statement(data: bytes) -> signed_pb2.SignedStatement:
    return signed_pb2.SignedStatement.FromString(data)
