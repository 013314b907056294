"""The aggregators over gRPC."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import grpc

from pfi.aggregator.v1 import round_service_pb2 as messages
from pfi.aggregator.v1.round_service_pb2_grpc import RoundServiceStub
from pfi.common.v1 import adapter_pb2
from pfi.common.v1.signed_pb2 import SignedStatement
from pfi_common.errors import ServiceUnavailableError
from pfi_common.identity import LocalIdentity
from pfi_common.rpc.channel import secure_channel
from pfi_common.rpc.errors import translated
from pfi_common.spec import compile_round_plan, download_encoding, set_minimum
from pfi_common.tensors import FULL_CLIP_FACTOR
from pfi_coordinator.adapters.lineages import VERSION_0, CountersignLineages, ExpectedLineage
from pfi_coordinator.adapters.references import origin_reference, reference
from pfi_coordinator.application.ports.aggregators import (
    Attempt,
    Counted,
    Opening,
    Publication,
    Sealed,
    SealedSpool,
)
from pfi_coordinator.application.records import RunDocument
from pfi_coordinator.domain.state import GLOBAL

_SHORT_SECONDS = 9.0
_LONG_SECONDS = 110.0
_MERGE_SECONDS = 1800.0


class GrpcAggregators:
    """`pfi_coordinator.application.ports.aggregators.Aggregators` over mutual TLS."""

    def __init__(
        self,
        addresses: dict[str, str],
        identity: LocalIdentity,
        countersign: CountersignLineages,
    ) -> None:
        self._addresses = dict(addresses)
        self._identity = identity
        self._countersign = countersign
        self._channels: dict[str, grpc.aio.Channel] = {}

    @property
    def addresses(self) -> dict[str, str]:
        """See Aggregators.addresses."""
        return dict(self._addresses)

    async def close(self) -> None:
        """Closes every channel."""
        for channel in self._channels.values():
            await channel.close()
        self._channels.clear()

    async def highest_token(self, spool: str) -> int:
        """See Aggregators.highest_token."""
        with translated():
            response = await self._stub(spool).GetSpool(
                messages.GetSpoolRequest(), timeout=_SHORT_SECONDS
            )
        if response.spool != spool:
            raise ServiceUnavailableError(
                f"the aggregator at {self._addresses[spool]} owns spool {response.spool}"
            )
        return response.leader_token

    async def create_initial(self, token: int, document: RunDocument) -> Publication:
        """See Aggregators.create_initial."""
        request = messages.CreateInitialAdapterRequest(
            leader_token=token,
            run=document.run,
            line=GLOBAL,
            schema=document.description.adapter_schema.to_proto(),
            seed=document.spec.seed,
            download_encoding=download_encoding(document.spec) or adapter_pb2.ENCODING_UNSPECIFIED,
            origin=origin_reference(document.origin),
        )
        with translated():
            response = await self._stub(document.spool).CreateInitialAdapter(
                request, timeout=_LONG_SECONDS
            )
        expected = replace(VERSION_0, spool=document.spool, origin=document.origin)
        return self._countersign(response.lineage, document, expected)

    async def open_round(
        self, token: int, attempt: Attempt, document: RunDocument, opening: Opening
    ) -> None:
        """See Aggregators.open_round."""
        plan = compile_round_plan(
            document.spec,
            document.description.adapter_schema,
            _key(attempt),
            reference(document.run, opening.base),
            opening.base.optimizer_state_digest,
        )
        # A cluster's line has fewer clients than the specification speaks of.
        set_minimum(plan, document.spec, opening.minimum)
        if len(opening.spools) > 1:
            plan.spools.extend(opening.spools)
        request = messages.OpenRoundRequest(leader_token=token, plan=plan)
        with translated():
            await self._stub(attempt.spool).OpenRound(request, timeout=_SHORT_SECONDS)

    async def watch_round(self, attempt: Attempt) -> AsyncIterator[Counted]:
        """See Aggregators.watch_round."""
        request = messages.WatchRoundRequest(key=_key(attempt))
        with translated():
            async for response in self._stub(attempt.spool).WatchRound(request):
                update = response.update
                yield Counted(update.client, update.payload_bytes, update.clipped, update.capped)

    async def seal_round(self, token: int, attempt: Attempt) -> SealedSpool:
        """See Aggregators.seal_round."""
        request = messages.SealRoundRequest(leader_token=token, key=_key(attempt))
        with translated():
            response = await self._stub(attempt.spool).SealRound(request, timeout=_LONG_SECONDS)
        sketches = {item.client: tuple(item.values) for item in response.sketches}
        counted = tuple(
            Counted(
                item.client,
                item.payload_bytes,
                clipped=item.clip_factor < FULL_CLIP_FACTOR,
                capped=False,
                sketch=sketches.get(item.client, ()),
            )
            for item in response.counted
        )
        return SealedSpool(counted, response.reduction_pieces)

    async def fold_round(self, token: int, attempt: Attempt) -> bytes:
        """See Aggregators.fold_round."""
        request = messages.FoldRoundRequest(leader_token=token, key=_key(attempt))
        with translated():
            response = await self._stub(attempt.spool).FoldRound(request, timeout=_MERGE_SECONDS)
        return response.partial.SerializeToString(deterministic=True)

    async def finalize_round(
        self,
        token: int,
        attempt: Attempt,
        document: RunDocument,
        sealed: Sealed,
        partials: Sequence[bytes] = (),
    ) -> Publication:
        """See Aggregators.finalize_round."""
        request = messages.FinalizeRoundRequest(
            leader_token=token,
            key=_key(attempt),
            partials=[SignedStatement.FromString(item) for item in partials],
        )
        with translated():
            response = await self._stub(attempt.spool).FinalizeRound(
                request, timeout=_MERGE_SECONDS
            )
        expected = ExpectedLineage(
            attempt.number, attempt.attempt, sealed, attempt.line, attempt.spool
        )
        return self._countersign(response.lineage, document, expected, response.merge_seconds)

    async def abort_round(self, token: int, attempt: Attempt) -> None:
        """See Aggregators.abort_round."""
        request = messages.AbortRoundRequest(leader_token=token, key=_key(attempt))
        with translated():
            await self._stub(attempt.spool).AbortRound(request, timeout=_LONG_SECONDS)

    async def settle_round(self, token: int, attempt: Attempt) -> None:
        """See Aggregators.settle_round."""
        request = messages.SettleRoundRequest(leader_token=token, key=_key(attempt))
        with translated():
            await self._stub(attempt.spool).SettleRound(request, timeout=_LONG_SECONDS)

    def _stub(self, spool: str) -> RoundServiceStub:
        if spool not in self._addresses:
            raise ServiceUnavailableError(
                f"no aggregator is configured for spool {spool} (PFI_COORDINATOR_AGGREGATORS)"
            )
        if spool not in self._channels:
            self._channels[spool] = secure_channel(self._addresses[spool], self._identity)
        return RoundServiceStub(self._channels[spool])


def _key(attempt: Attempt) -> messages.RoundKey:
    return messages.RoundKey(
        run=attempt.run, round=attempt.number, attempt=attempt.attempt, line=attempt.line
    )
