"""One round on a real aggregator: a leader, senders, and the oracle that every case ends with."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.support.aggregator.builders import make_plan, make_schema
from tests.support.certificates import FederationFixture
from tests.support.faults.aggregator_process import AggregatorProcess
from tests.support.faults.committed_files import committed_in
from tests.support.faults.members import Leader, Sender
from tests.support.faults.pieces import reduce_pieces
from tests.support.faults.recomputation import Counted, digest, fraction_bits, next_adapter

from pfi.aggregator.v1.lineage_pb2 import Lineage
from pfi.common.v1.signed_pb2 import SignedStatement
from pfi_aggregator.domain.round_key import RoundKey
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_common.tensors import Schema

SMALL = make_schema()
EXAMPLES = 3
LIMIT, MAXIMUM_WEIGHT = 10.0, 64  # of make_plan


@dataclass
class RoundScene:
    """One round with over-selection 1.0 and minimum = size.

    Attributes:
        aggregator: The process.
        leader: Gives the commands.
        senders: The cohort.
        plan: Of the round.
    """

    aggregator: AggregatorProcess
    leader: Leader
    senders: Sequence[Sender]
    plan: RoundPlan = field(repr=False)

    @property
    def target(self) -> str:
        """Where the aggregator listens now."""
        return self.aggregator.target

    @property
    def folder(self) -> Path:
        """The round's folder in the spool."""
        key = self.plan.key
        return self.aggregator.spool / key.run / str(key.round) / str(key.attempt) / key.line

    @property
    def pointer(self) -> Path:
        """What makes the round's adapter visible."""
        key = self.plan.key
        return self.aggregator.artifacts / "lines" / key.run / key.line / f"{key.round}.json"

    def committed(self) -> Mapping[str, Path]:
        """Committed files by task."""
        key = self.plan.key
        return committed_in(self.aggregator.spool, key.run, key.round, key.attempt)

    async def begin(self) -> None:
        """Makes version 0 and opens the round."""
        await self.leader.create_initial(self.target, self.plan)
        await self.leader.open(self.target, self.plan)

    async def publish(self) -> Lineage:
        """Seals, has workers reduce what rule or product asks for, and finalizes."""
        sealed = await self.leader.sealed(self.target, self.plan)
        await reduce_pieces(self.aggregator, self.plan.key, sealed.reduction_pieces)
        lineage = self.leader.lineage(await self.leader.finalize(self.target, self.plan))
        assert list(lineage.counted) == list(sealed.counted)
        return lineage

    async def check(self, receipts: Mapping[str, SignedStatement]) -> Lineage:
        """Publishes: counted set = receipts obtainable = receipts held; exact bits of a mean.

        Args:
            receipts: What the clients hold, by task.
        """
        lineage = await self.check_counted(receipts)
        assert lineage.adapter.digest == await self.expected()
        return lineage

    async def check_counted(self, receipts: Mapping[str, SignedStatement]) -> Lineage:
        """Publishes: counted set = receipts obtainable = receipts held, of any rule or product.

        Args:
            receipts: What the clients hold, by task.
        """
        lineage = await self.publish()
        counted = list(lineage.counted)
        obtainable = {item.task: await item.status(self.target) for item in self.senders}
        assert obtainable == receipts
        held = map(self.leader.receipt, receipts.values())
        assert [(item.task, item.payload_sha256) for item in counted] == sorted(
            (item.task, item.payload_sha256) for item in held
        )
        assert len(counted) == len(self.senders)
        assert json.loads(self.pointer.read_text())["digest"] == lineage.adapter.digest
        return lineage

    async def expected(self) -> str:
        """Digest of the adapter that the senders' updates make, computed again."""
        base = await self.leader.download(self.target, self.plan.base.digest)
        counted = [Counted(item.upload.payload, EXAMPLES * 256) for item in self.senders]
        bits = fraction_bits(LIMIT, len(self.senders), MAXIMUM_WEIGHT)
        return digest(next_adapter(base, counted, bits))


def make_scene(
    federation: FederationFixture,
    aggregator: AggregatorProcess,
    clients: int,
    *,
    run: str = "r-0000000001",
    attempt: int = 1,
    schema: Schema = SMALL,
    **combined: Any,
) -> RoundScene:
    """A round that nothing has been done for yet; equal clients send equal updates.

    Args:
        federation: Whose members are made.
        aggregator: The process.
        clients: Size of the cohort.
        run: The round's run.
        attempt: The round's attempt.
        schema: Of the adapter.
        combined: `rule` and `product` of the plan.
    """
    leader = Leader(federation)
    plan = make_plan(
        RoundKey(run, 1, attempt, "global"),
        schema=schema,
        maximum_updates=clients,
        minimum_updates=clients,
    )
    plan = replace(plan, **combined)
    senders = [
        Sender(federation, leader, plan, f"c-{number:012}", seed=number, examples=EXAMPLES)
        for number in range(clients)
    ]
    return RoundScene(aggregator, leader, senders, plan)
