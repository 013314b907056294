"""A named adapter version."""

from dataclasses import dataclass

from pfi_aggregator.domain.names import check_digest, check_name
from pfi_common.errors import InvalidRequestError
from pfi_common.tensors import BF16, INT8_BLOCK
from pfi_common.tensors.encoding import EncodingValue


@dataclass(frozen=True)
class AdapterReference:
    """A named adapter version. Valid once made.

    Attributes:
        digest: SHA-256 of the canonical fp32 payload.
        schema_digest: Schema digest.
        run: Run that made it.
        line: Line of the run.
        version: 0 before the first round, n is the outcome of round n.

    Raises:
        InvalidRequestError: a part breaks its rule.
    """

    digest: str
    schema_digest: str
    run: str
    line: str
    version: int

    def __post_init__(self) -> None:
        check_digest("adapter.digest", self.digest)
        check_digest("adapter.schema_digest", self.schema_digest)
        check_name("adapter.run", self.run)
        check_name("adapter.line", self.line)


def check_form_encoding(encoding: EncodingValue | None) -> None:
    """Checks that adapters are offered in an encoding.

    Raises:
        InvalidRequestError: they are not.
    """
    if encoding not in (None, BF16, INT8_BLOCK):
        message = "download_encoding must be bf16, int8_block or unspecified."
        raise InvalidRequestError(message, field="download_encoding")


@dataclass(frozen=True)
class AdapterForm:
    """An adapter's payload in one encoding, derived from the canonical payload in one way only.

    Attributes:
        encoding: Of the payload.
        payload_sha256: SHA-256 of the payload.
        payload_bytes: Its size.

    Raises:
        InvalidRequestError: the digest is not one.
    """

    encoding: EncodingValue
    payload_sha256: str
    payload_bytes: int

    def __post_init__(self) -> None:
        check_digest("form.payload_sha256", self.payload_sha256)
