"""What the use cases need from outside; one file a port, or two that belong together."""

from pfi_aggregator.application.ports.adapter_archive import AdapterArchive, AdapterOrigin
from pfi_aggregator.application.ports.artifacts import Artifacts
from pfi_aggregator.application.ports.incoming import Incoming, PartialUpload
from pfi_aggregator.application.ports.leader_tokens import LeaderTokens
from pfi_aggregator.application.ports.meter import Meter
from pfi_aggregator.application.ports.payloads import OpenPayload, Payloads
from pfi_aggregator.application.ports.rounds import Rounds, StoredUpdate
from pfi_aggregator.application.ports.sealed_rounds import SealedRounds
from pfi_aggregator.application.ports.statements import Statements

__all__ = [
    "AdapterArchive",
    "AdapterOrigin",
    "Artifacts",
    "Incoming",
    "LeaderTokens",
    "Meter",
    "OpenPayload",
    "PartialUpload",
    "Payloads",
    "Rounds",
    "SealedRounds",
    "Statements",
    "StoredUpdate",
]
