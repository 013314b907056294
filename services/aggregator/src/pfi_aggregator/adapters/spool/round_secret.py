"""What makes a round's files in the spool unreadable once its key is gone.

Payloads are encrypted with AES-256-CTR, so that any range can be read: byte n of a file is combined
with byte n of its key stream. Each file has a key of its own, derived (HKDF-Expand, RFC 5869) from
the round's key, the task and the payload's SHA-256, and its counter is the offset over 16, so no
part of a key stream is ever used for two payloads. What may be written twice with different
content (headers, records) is sealed with AES-256-GCM under random nonces instead. The record holds
the payload's SHA-256, so a file that opens and hashes right is the one that was written.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

KEY_BYTES = 32
_BLOCK_BYTES = 16
_NONCE_BYTES = 12


class RoundSecret:
    """The key of one round's files.

    Args:
        key: 32 random bytes.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._sealing = AESGCM(self._derive(b"sealing"))

    def payload_cipher(self, task: str, payload_sha256: str) -> "PayloadCipher":
        """Gives the cipher of a payload's file."""
        return PayloadCipher(self._derive(f"payload\0{task}\0{payload_sha256}".encode()))

    def seal(self, label: str, data: bytes) -> bytes:
        """Encrypts and authenticates a small text. The label must be told to open it."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._sealing.encrypt(nonce, data, label.encode())

    def open(self, label: str, sealed: bytes) -> bytes | None:
        """Gives back what was sealed; none when it is not what was sealed under this label."""
        try:
            nonce, text = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
            return self._sealing.decrypt(nonce, text, label.encode())
        except (InvalidTag, ValueError):
            return None

    def _derive(self, purpose: bytes) -> bytes:
        return HKDFExpand(SHA256(), KEY_BYTES, b"pfi spool 1\0" + purpose).derive(self._key)


class PayloadCipher:
    """Encrypts and decrypts the bytes of one payload's file, which is the same. One thread.

    Going on where the last call ended costs nothing; anywhere else some microseconds.
    """

    def __init__(self, key: bytes) -> None:
        self._algorithm = algorithms.AES(key)
        self._stream: CipherContext | None = None
        self._position = 0

    def apply(self, position: int, data: bytes | memoryview, into: memoryview) -> None:
        """Writes `data`, which stands at `position`, into a buffer of its size; may be itself."""
        if self._stream is None or position != self._position:
            self._stream = self._at(position)
        self._stream.update_into(data, into)
        self._position = position + len(data)

    def _at(self, position: int) -> CipherContext:
        block, skipped = divmod(position, _BLOCK_BYTES)
        counter = block.to_bytes(_BLOCK_BYTES, "big")
        stream = Cipher(self._algorithm, modes.CTR(counter)).encryptor()
        stream.update(bytes(skipped))
        return stream
