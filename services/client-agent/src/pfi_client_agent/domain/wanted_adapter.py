"""An adapter that this device needs, in the form in which it downloads and decodes it."""

import hashlib
from dataclasses import dataclass

from pfi_client_agent.domain.training import Vector
from pfi_common.errors import AdapterInvalidError, PayloadSizeInvalidError
from pfi_common.tensors import FP32, decode, encoded_size_bytes
from pfi_common.tensors.encoding import EncodingValue


@dataclass(frozen=True)
class WantedAdapter:
    """An adapter and its form; training starts from what is decoded, and evaluation measures it.

    Attributes:
        digest: Digest of the adapter: SHA-256 of its canonical fp32 payload.
        coordinate_count: Numbers in it.
        encoding: Encoding of the payload.
        form_sha256: SHA-256 of the payload where it is not the canonical one; else empty.

    Raises:
        EncodingMismatchError: The encoding is not known here.
    """

    digest: str
    coordinate_count: int
    encoding: EncodingValue = FP32
    form_sha256: str = ""

    def __post_init__(self) -> None:
        """Check that the encoding can be decoded."""
        encoded_size_bytes(self.encoding, 0)

    @property
    def payload_sha256(self) -> str:
        """SHA-256 of the payload."""
        return self.form_sha256 or self.digest

    @property
    def payload_bytes(self) -> int:
        """Size of the payload."""
        return encoded_size_bytes(self.encoding, self.coordinate_count)

    def is_payload(self, payload: bytes) -> bool:
        """Tell whether these bytes are the payload."""
        return hashlib.sha256(payload).hexdigest() == self.payload_sha256

    def decode(self, payload: bytes) -> Vector:
        """Give the adapter's coordinates.

        Raises:
            AdapterInvalidError: It does not have so many.
        """
        try:
            return decode(self.encoding, payload, self.coordinate_count)
        except PayloadSizeInvalidError as error:
            raise AdapterInvalidError(error.message) from error
