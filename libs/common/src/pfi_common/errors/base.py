"""The root of the error tree.

Every failure that a caller may see is one of these; anything else becomes `InternalError` at the
edge of a process. One class per reason, grouped by the part of the platform that it speaks of:

    PlatformError
      platform.py    Internal, InvalidRequest, ServiceUnavailable, StoreUnavailable,
                     StoreUnsuitable, DiskFull, DeadlineRequired, SettingsInvalid
      members.py     IdentityInvalid, PermissionDenied, ClientRevoked, RevocationListStale,
                     ApiKeyInvalid, ScopeMissing, SessionSuperseded, SessionsLimited, ClientUnknown,
                     SignatureInvalid
      enrolment.py   TokenInvalid, TokenUsed, TokenExpired, CertificateRequestInvalid,
                     RenewalRefused, AuthorityMismatch
      runs.py        SpecInvalid, SpecUnsound, RunUnknown, RunEnded, RunExists,
                     RunStateInvalid, PartitionFailed
      tickets.py     TicketInvalid, TicketExpired, TicketForeign, SchemaMismatch, BaseMismatch,
                     BackboneMismatch, EncodingMismatch
      payloads.py    PayloadSizeInvalid, PayloadCorrupt, PayloadNotFinite, CoordinateLimitExceeded,
                     WeightInvalid, ChunkOutOfOrder
      rounds.py      UpdateConflict, UpdateTooLate, AttemptVoided, RoundUnknown, RoundStateInvalid,
                     RoundFull, UpdateUnknown, SpoolLocked, LeaderSuperseded, QuorumNotReached,
                     SpoolKeyInvalid, UploadsLimited, SpoolFull, SpoolUnavailable,
                     PartialSumInvalid
      reductions.py  PopulationTooSmall, ReductionIncomplete, ReductionFailed
      artifacts.py   AdapterUnknown, ArtifactCorrupt, ArtifactUnknown, AdapterInvalid, ExportFailed,
                     ReportIncomplete
      agents.py      DataUnreadable, DataTooManyBadRows, BackboneUnreadable, NotEnrolled,
                     AgentRunning, LocalFederationFailed, FleetFailed, ExtraMissing,
                     MachineUnsuitable
      documents.py   DocumentUnknown, DocumentUnsupported, DocumentInvalid, DocumentTooLarge,
                     DocumentEmpty, IndexLocked, IndexForeign, IndexDamaged, ForgetIncomplete,
                     EmbeddingModelInvalid, PromptTooLong, ChatTemplateMissing,
                     RetrievalUnavailable

A class is called like its reason: TOKEN_USED is `TokenUsedError`.
"""

from typing import ClassVar

from pfi_common.errors.catalog_entry import CatalogEntry


class PlatformError(Exception):
    """A typed failure that a caller may see.

    The message is public by rule: it never holds data, secrets or stack traces.

    Attributes:
        reason: Name of the `ErrorReason`, without its prefix.
        entry: What callers are told about the reason.
        message: What happened this time; the catalog's sentence unless given.
        details: Named facts for programs, sent as metadata of `google.rpc.ErrorInfo`.
        retry_after_seconds: How long a caller should wait before the next try, when known.
    """

    reason: ClassVar[str]
    entry: ClassVar[CatalogEntry]

    def __init__(
        self, message: str = "", *, retry_after_seconds: float | None = None, **details: str
    ) -> None:
        self.message = message or self.entry.sentence
        self.details = details
        self.retry_after_seconds = retry_after_seconds
        super().__init__(self.message)

    @property
    def next_step(self) -> str:
        """What the reader does next."""
        return self.entry.next_step

    @property
    def retryable(self) -> bool:
        """True when the same call may succeed later without any change by the caller."""
        return self.entry.retryable
