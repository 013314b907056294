"""Which test kills the aggregator at which of its failpoints."""

from pfi_aggregator.failpoints import Failpoint

UPLOADING = (Failpoint.SPOOL_SYNCED, Failpoint.UPDATE_LINKED, Failpoint.RECEIPT_READY)
"""On the way of an update, before it is acknowledged."""
AHEAD = Failpoint.FOLDED_AHEAD
"""Beside the uploads."""
MERGING = (
    Failpoint.DURING_FOLD,
    Failpoint.ADAPTER_STORED,
    Failpoint.OUTCOME_STORED,
    Failpoint.POINTER_STORED,
)
"""From the sealed round to the published adapter."""
IN_ONE_SPOOL = (*UPLOADING, AHEAD, *MERGING)
"""What every round of the mean passes."""
BETWEEN_SPOOLS = (Failpoint.PARTIAL_STORED, Failpoint.PARTIAL_ADDED)
"""What a round on several spools passes as well."""

KILLED_IN = {
    "test_aggregator_killed.py": IN_ONE_SPOOL,
    "test_services_killed.py": IN_ONE_SPOOL,
    "test_several_spools.py": BETWEEN_SPOOLS,
}
"""Places by the file in tests/faults that kills there."""
