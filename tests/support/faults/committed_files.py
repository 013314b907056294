"""Reads committed updates from a spool, by what spool.proto says of them."""

from collections.abc import Mapping
from pathlib import Path

from pfi.aggregator.v1.spool_pb2 import UpdateRecord

MAGIC = b"PFIUPD01"


def read_committed(path: Path) -> tuple[bytes, UpdateRecord]:
    """Payload and record of a committed file."""
    data = path.read_bytes()
    assert data.endswith(MAGIC), path
    end = len(data) - len(MAGIC) - 8
    size = int.from_bytes(data[end : end + 8], "little")
    record = UpdateRecord.FromString(data[end - size : end])
    payload = data[: end - size]
    assert len(payload) == record.header.payload_bytes
    return payload, record


def committed_in(spool: Path, run: str, round_number: int, attempt: int = 1) -> Mapping[str, Path]:
    """Committed files of a round's attempt, by task."""
    folder = spool / run / str(round_number) / str(attempt) / "global"
    if not folder.exists():
        return {}
    return {path.name: path for path in sorted(folder.iterdir()) if not path.name.startswith(".")}


def partial_in(spool: Path) -> Mapping[str, Path]:
    """Uploads on their way in, by file name."""
    folder = spool / "incoming"
    found = sorted(folder.iterdir()) if folder.exists() else []
    return {path.name: path for path in found if not path.name.endswith(".header")}
