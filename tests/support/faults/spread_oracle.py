"""What a run on several spools must have published, computed again without them."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import numpy as np
from tests.support.faults.logs import read_events
from tests.support.faults.patient_agents import EXAMPLES, vector_of
from tests.support.faults.recomputation import Counted, digest, fraction_bits, next_adapter
from tests.support.faults.spread_federation import SpreadFederation

from pfi.aggregator.v1.lineage_pb2 import Lineage
from pfi.common.v1.signed_pb2 import SignedStatement
from pfi_cli.api.runs import Round, Run
from pfi_common.spec import parse_run_spec


class SpreadOracle:
    """Checks ended runs of a federation."""

    def __init__(self, federation: SpreadFederation) -> None:
        self._federation = federation

    def check_mean(self, run: Run) -> None:
        """Every version has the bits of plain integers; counted set = receipts, each once."""
        spec = parse_run_spec(run.spec)
        aggregate = spec.aggregate
        bits = fraction_bits(aggregate.coordinate_limit, spec.selected_count, aggregate.max_weight)

        def change(base: bytes, payloads: Sequence[bytes]) -> bytes:
            counted = [Counted(payload, 256 * EXAMPLES) for payload in payloads]
            return next_adapter(base, counted, bits)

        self._check(run, change)

    def check_median(self, run: Run) -> None:
        """Every version has the bits of the middle of an odd number of updates."""

        def change(base: bytes, payloads: Sequence[bytes]) -> bytes:
            rows = np.stack([np.frombuffer(payload, dtype="<f4") for payload in payloads])
            assert len(rows) % 2 == 1
            middle = np.sort(rows, axis=0)[len(rows) // 2].astype(np.float64)
            start = np.frombuffer(base, dtype="<f4").astype(np.float64)
            return (start + middle).astype("<f4").tobytes()

        self._check(run, change)

    def _check(self, run: Run, change: Any) -> None:
        versions = {item.version: item for item in run.adapters}
        base = self._artifact("adapters", versions[0].digest)
        for each in run.rounds:
            lineage = self.lineage(versions[each.round].lineage_digest)
            assert (lineage.parent_digest, lineage.attempt) == (digest(base), each.attempt)
            self._check_receipts(run, each, lineage)
            clients = [item.client for item in lineage.counted]
            payloads = [
                payload_of(run.run, each.round, client, len(base) // 4) for client in clients
            ]
            assert [sha256(item).hexdigest() for item in payloads] == [
                item.payload_sha256 for item in lineage.counted
            ]
            base = change(base, payloads)
            assert versions[each.round].digest == digest(base) == lineage.adapter.digest

    def _check_receipts(self, run: Run, each: Round, lineage: Lineage) -> None:
        tasks = [item.task for item in lineage.counted]
        assert len(set(tasks)) == len({item.client for item in lineage.counted}) == each.counted
        held = self._federation.agents_inside.receipts()
        finished = {item.task for item in each.cohort if item.state == "completed"}
        assert finished == set(tasks) == {task for task in tasks if task in held}
        home = each.spools[0]
        for item in lineage.counted:
            assert held[item.task].payload_sha256 == item.payload_sha256
            log = self._federation.layout.log(self._federation.owner(item.spool or home))
            # Killed before it could say so, it has logged nothing; never more than once.
            assert len(read_events(log, "update_committed", task=item.task)) <= 1
        used = {item.spool or home for item in lineage.counted}
        assert used <= set(each.spools), self._federation.describe(run)

    def lineage(self, lineage_digest: str) -> Lineage:
        """A stored lineage."""
        statement = self._artifact("lineages", lineage_digest)
        return Lineage.FromString(SignedStatement.FromString(statement).payload)

    def _artifact(self, kind: str, name: str) -> bytes:
        data = (self._federation.layout.artifacts / kind / name[:2] / name).read_bytes()
        assert sha256(data).hexdigest() == name
        return data


def payload_of(run: str, round_number: int, client: str, coordinates: int) -> bytes:
    """What a client sends in a round, computed again."""
    seed = sha256(f"{run}|{round_number}|{client}".encode()).digest()[:8]
    return vector_of(int.from_bytes(seed, "big"), coordinates).astype("<f4").tobytes()
