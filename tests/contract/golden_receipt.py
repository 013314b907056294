"""Makes tests/regression/golden/receipt.json: a receipt as version 0.1.0 signed it.

It is written once. Receipts are kept by clients, so later versions must go on verifying it.
"""

import json
import tempfile
from datetime import timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.contract.golden_messages import FOLDER, as_json
from tests.support.clock import ManualClock

from pfi.aggregator.v1.ticket_pb2 import RECEIPT_STATE_COMMITTED, UpdateReceipt
from pfi_common.identity.authority import CertificateAuthority
from pfi_common.identity.signing import StatementSigner

FILE = FOLDER / "receipt.json"


def make() -> dict:
    """A receipt, signed by a new authority's signer at the start of the manual clock."""
    clock = ManualClock()
    with tempfile.TemporaryDirectory() as folder:
        authority = CertificateAuthority.create(Path(folder) / "authority", "golden", clock)
    key = Ed25519PrivateKey.generate()
    certificate = authority.issue_signer(key.public_key(), "aggregator/spool-0", timedelta(days=30))
    receipt = UpdateReceipt(
        run="r-0123456789",
        round=3,
        attempt=2,
        line="global",
        task="r-0123456789.3.2.c-0123456789ab",
        client="c-0123456789ab",
        payload_sha256="5e" * 32,
        weight_units=25600,
        clip_factor=1 << 24,
        state=RECEIPT_STATE_COMMITTED,
    )
    statement = StatementSigner(key, certificate).sign(receipt)
    return {
        "authority_pem": authority.certificate_pem.decode(),
        "signed_at": clock.now().isoformat(),
        "statement": statement.SerializeToString(deterministic=True).hex(),
        "receipt": as_json(receipt),
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(make(), indent=1) + "\n")
