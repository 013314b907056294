"""A named adapter version."""

from dataclasses import dataclass

from pfi_aggregator.domain.names import check_digest, check_name


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
