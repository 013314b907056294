"""What the process's exit code tells the one who started it."""

from enum import IntEnum

from pfi_common.errors import (
    AgentRunningError,
    AuthorityMismatchError,
    BackboneUnreadableError,
    ClientRevokedError,
    DataTooManyBadRowsError,
    DataUnreadableError,
    IdentityInvalidError,
    NotEnrolledError,
    PlatformError,
    RenewalRefusedError,
    SessionSupersededError,
    SettingsInvalidError,
    SpecInvalidError,
    SpecUnsoundError,
    TokenExpiredError,
    TokenInvalidError,
    TokenUsedError,
)


class ExitCode(IntEnum):
    """Exit codes of `pfi-agent`; a supervisor should restart it on FAILED alone."""

    OK = 0
    """Done, or stopped by SIGTERM or SIGINT."""
    FAILED = 1
    """Any failure that has no code of its own."""
    USAGE = 2
    """The command line, a setting, or the run specification is wrong."""
    REVOKED = 3
    """The federation revoked this client."""
    SUPERSEDED = 4
    """Another agent opened a session with this identity."""
    IDENTITY = 5
    """Not enrolled, or the token, the certificate or the authority is not accepted."""
    DATA = 6
    """The data file cannot be used."""
    BACKBONE = 7
    """The backbone cannot be loaded."""
    RUNNING = 8
    """Another agent process uses the state folder."""


_CODES: dict[type[PlatformError], ExitCode] = {
    SettingsInvalidError: ExitCode.USAGE,
    SpecInvalidError: ExitCode.USAGE,
    SpecUnsoundError: ExitCode.USAGE,
    ClientRevokedError: ExitCode.REVOKED,
    SessionSupersededError: ExitCode.SUPERSEDED,
    NotEnrolledError: ExitCode.IDENTITY,
    TokenInvalidError: ExitCode.IDENTITY,
    TokenUsedError: ExitCode.IDENTITY,
    TokenExpiredError: ExitCode.IDENTITY,
    AuthorityMismatchError: ExitCode.IDENTITY,
    IdentityInvalidError: ExitCode.IDENTITY,
    RenewalRefusedError: ExitCode.IDENTITY,
    DataUnreadableError: ExitCode.DATA,
    DataTooManyBadRowsError: ExitCode.DATA,
    BackboneUnreadableError: ExitCode.BACKBONE,
    AgentRunningError: ExitCode.RUNNING,
}


def exit_code_for(error: PlatformError) -> ExitCode:
    """Give the exit code of a failure."""
    return _CODES.get(type(error), ExitCode.FAILED)
