"""What is left of settled rounds: a few hundred bytes each, so that repeated commands agree."""

import hashlib
import json
from dataclasses import dataclass

from pfi_aggregator.adapters.durable import make_folders, write_durably
from pfi_aggregator.adapters.spool.layout import SpoolLayout
from pfi_aggregator.domain.round_key import RoundKey
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.round_state import RoundState
from pfi_aggregator.domain.round_view import RoundOutcome
from pfi_aggregator.wire.parsing import serialize
from pfi_aggregator.wire.plans import write_plan
from pfi_common.errors import ArtifactCorruptError
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import get_logger


@dataclass(frozen=True)
class Tombstone:
    """A settled round.

    Attributes:
        state: FINALIZED or ABORTED.
        plan_sha256: Names the plan that it was opened with; empty when it never was.
        outcome: What it has led to.
    """

    state: RoundState
    plan_sha256: str
    outcome: RoundOutcome | None


class SettledRounds:
    """Reads and writes tombstones."""

    def __init__(self, layout: SpoolLayout) -> None:
        self._layout = layout

    def find(self, key: RoundKey) -> Tombstone | None:
        """Gives a round's tombstone; one that cannot be read is logged and voids the attempt."""
        try:
            return _parse(self._layout.tombstone(key).read_bytes())
        except FileNotFoundError:
            return None
        except ArtifactCorruptError as error:
            get_logger().error(Event.SPOOL_ROUND_DAMAGED, error=error)
            return Tombstone(RoundState.ABORTED, "", None)

    def add(self, key: RoundKey, tombstone: Tombstone) -> None:
        """Stores a round's tombstone durably.

        Raises:
            DiskFullError: the device is full.
        """
        path = self._layout.tombstone(key)
        make_folders(self._layout.root, path.parent)
        facts = {
            "state": tombstone.state,
            "plan_sha256": tombstone.plan_sha256,
            "outcome": outcome_facts(tombstone.outcome),
        }
        write_durably(path, json.dumps(facts).encode())


def _parse(text: bytes) -> Tombstone:
    try:
        facts = json.loads(text)
        outcome = parse_outcome(facts["outcome"])
        return Tombstone(RoundState(facts["state"]), str(facts["plan_sha256"]), outcome)
    except (ValueError, TypeError, KeyError) as error:
        raise ArtifactCorruptError("What is left of a settled round is damaged.") from error


def plan_sha256(plan: RoundPlan) -> str:
    """Gives the hash that names a plan."""
    return hashlib.sha256(serialize(write_plan(plan))).hexdigest()


def outcome_facts(outcome: RoundOutcome | None) -> dict[str, str | float] | None:
    """Gives an outcome as JSON can hold it."""
    if outcome is None:
        return None
    return {
        "lineage_digest": outcome.lineage_digest,
        "merge_seconds": outcome.merge_seconds,
        "spool": outcome.spool,
    }


def parse_outcome(facts: dict[str, str | float] | None) -> RoundOutcome | None:
    """Reads what `outcome_facts` gave."""
    if facts is None:
        return None
    spool = str(facts.get("spool", ""))
    return RoundOutcome(str(facts["lineage_digest"]), float(facts["merge_seconds"]), spool)
