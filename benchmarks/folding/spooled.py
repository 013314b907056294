"""A committed file of a spool, folded as an aggregator folds it."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.intake.members import one_module
from pfi_aggregator.adapters.spool.encrypted_payload import EncryptedPayload
from pfi_aggregator.adapters.spool.round_secret import KEY_BYTES, RoundSecret
from pfi_aggregator.domain.adapter import AdapterReference
from pfi_aggregator.domain.merge import Merge
from pfi_aggregator.domain.round_key import RoundKey
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.server_optimizer import Sgd
from pfi_aggregator.domain.ticket import UploadTicket
from pfi_aggregator.domain.update import UpdateHeader, UpdateRecord, summarize
from pfi_common.tensors import FULL_CLIP_FACTOR, plan_fixed_point
from pfi_common.tensors.encoding import EncodingValue

TASK = "r-0000000001.1.1.c-000000000001"
DIGEST = "00" * 32
HIGHEST = 1.0


@contextmanager
def fold_spooled(
    encoding: EncodingValue, payload: bytes, coordinates: int
) -> Iterator[Callable[[], None]]:
    """Gives what reads, decrypts, verifies and sums a file once.

    Args:
        encoding: Of the payload.
        payload: The payload.
        coordinates: That it has; a multiple of 32.
    """
    plan, record = _plan(coordinates), _record(encoding, payload, coordinates)
    counted, merge = summarize(record).counted, Merge(plan)
    secret = RoundSecret(os.urandom(KEY_BYTES))
    with tempfile.TemporaryDirectory(prefix="pfi-benchmark-") as name:
        path = Path(name) / TASK
        data = bytearray(payload)
        secret.payload_cipher(TASK, DIGEST).apply(0, payload, memoryview(data))
        path.write_bytes(data)
        del data

        def fold() -> None:
            descriptor = os.open(path, os.O_RDONLY)
            try:
                cipher = secret.payload_cipher(TASK, DIGEST)
                with closing(EncryptedPayload(path, descriptor, len(payload), cipher)) as stored:
                    merge.fold(counted, record, stored)
            finally:
                os.close(descriptor)

        yield fold


def _plan(coordinates: int) -> RoundPlan:
    schema = one_module(coordinates)
    return RoundPlan(
        key=RoundKey("r-0000000001", 1, 1, "global"),
        schema=schema,
        base=AdapterReference(DIGEST, schema.digest, "r-0000000001", "global", 0),
        fixed_point=plan_fixed_point(10.0, 300, 4096),
        clip_norm=0.0,
        minimum_updates=1,
        server_optimizer=Sgd(1.0, 0.0),
        optimizer_state_digest="",
    )


def _record(encoding: EncodingValue, payload: bytes, coordinates: int) -> UpdateRecord:
    ticket = UploadTicket(
        key=RoundKey("r-0000000001", 1, 1, "global"),
        client="c-000000000001",
        key_sha256=DIGEST,
        task=TASK,
        schema_digest=one_module(coordinates).digest,
        base_digest=DIGEST,
        spool="spool-0",
        encoding=encoding,
        maximum_bytes=len(payload),
        maximum_examples=100,
        expiry=datetime.now(UTC),
    )
    header = UpdateHeader(
        ticket=b"",
        encoding=encoding,
        payload_bytes=len(payload),
        payload_sha256=hashlib.sha256(payload).hexdigest(),
        offset_bytes=0,
        example_count=100,
        steps_done=1,
        base_digest=DIGEST,
        metrics=(),
    )
    return UpdateRecord(ticket, header, 25_600, FULL_CLIP_FACTOR, HIGHEST, HIGHEST)
