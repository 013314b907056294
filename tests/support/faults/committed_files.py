"""Reads committed updates from a spool, by what spool.proto and ADR 0014 say of them.

Nothing of the aggregator is used, so that a format that changes by accident is found.
"""

from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from pfi.aggregator.v1.spool_pb2 import UpdateRecord

MAGIC = b"PFIUPD02"


def read_committed(path: Path, state: Path) -> tuple[bytes, UpdateRecord]:
    """Payload and record of a committed file.

    Args:
        path: <spool>/<run>/<round>/<attempt>/<line>/<task>.
        state: The aggregator's state folder.
    """
    run, number, attempt, line, task = path.parts[-5:]
    wrapping = (state / "spool-wrapping-key").read_bytes()
    wrapped = (state / "spool-keys" / run / f"{number}.{attempt}.{line}").read_bytes()
    secret = _opened(wrapping, wrapped, f"{run}/{number}/{attempt}/{line}")
    data = path.read_bytes()
    assert data.endswith(MAGIC), path
    end = len(data) - len(MAGIC) - 8
    size = int.from_bytes(data[end : end + 8], "little")
    sealed = _opened(_derived(secret, "sealing"), data[end - size : end], f"record\0{task}")
    record = UpdateRecord.FromString(sealed)
    assert end - size == record.header.payload_bytes
    key = _derived(secret, f"payload\0{task}\0{record.header.payload_sha256}")
    cipher = Cipher(algorithms.AES(key), modes.CTR(bytes(16))).decryptor()
    return cipher.update(data[: end - size]) + cipher.finalize(), record


def _opened(key: bytes, sealed: bytes, label: str) -> bytes:
    return AESGCM(key).decrypt(sealed[:12], sealed[12:], label.encode())


def _derived(secret: bytes, purpose: str) -> bytes:
    return HKDFExpand(SHA256(), 32, b"pfi spool 1\0" + purpose.encode()).derive(secret)


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
