"""One round on a real aggregator: a leader, senders, and the oracle that every case ends with."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.aggregator.builders import make_plan, make_schema
from tests.support.certificates import FederationFixture
from tests.support.faults.aggregator_process import AggregatorProcess
from tests.support.faults.committed_files import committed_in
from tests.support.faults.members import Leader, Sender
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
        return committed_in(self.aggregator.spool, self.plan.key.run, self.plan.key.round)

    async def begin(self) -> None:
        """Makes version 0 and opens the round."""
        await self.leader.create_initial(self.target, self.plan)
        await self.leader.open(self.target, self.plan)

    async def check(self, receipts: Mapping[str, SignedStatement]) -> Lineage:
        """Seals and finalizes: counted set = receipts obtainable = receipts held; exact bits.

        Args:
            receipts: What the clients hold, by task.
        """
        counted = await self.leader.seal(self.target, self.plan)
        statement = await self.leader.finalize(self.target, self.plan)
        lineage = self.leader.lineage(statement)
        assert list(lineage.counted) == counted
        obtainable = {item.task: await item.status(self.target) for item in self.senders}
        assert obtainable == receipts
        held = map(self.leader.receipt, receipts.values())
        assert [(item.task, item.payload_sha256) for item in counted] == sorted(
            (item.task, item.payload_sha256) for item in held
        )
        assert len(counted) == len(self.senders)
        assert lineage.adapter.digest == await self.expected()
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
    schema: Schema = SMALL,
) -> RoundScene:
    """A round that nothing has been done for yet."""
    leader = Leader(federation)
    plan = make_plan(
        RoundKey(run, 1, 1, "global"),
        schema=schema,
        maximum_updates=clients,
        minimum_updates=clients,
    )
    senders = [
        Sender(federation, leader, plan, f"c-{number:012}", seed=number, examples=EXAMPLES)
        for number in range(clients)
    ]
    return RoundScene(aggregator, leader, senders, plan)
