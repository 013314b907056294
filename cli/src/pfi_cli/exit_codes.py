"""What the exit status of `pfi` means."""

from enum import IntEnum

from pfi_common.errors import PlatformError


class ExitCode(IntEnum):
    """Exit status of a command."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    REFUSED = 4
    RUN_NOT_COMPLETED = 5
    INTERRUPTED = 130


EXPLANATION = """\
Exit status: 0 done; 1 failed, the reason is printed; 2 wrong usage, settings or run specification;
3 the federation is not reachable; 4 the API key is missing or not allowed to do this; 5 the run
that was watched failed or was cancelled; 130 interrupted."""

_BY_REASON = {
    "INVALID_REQUEST": ExitCode.USAGE,
    "SETTINGS_INVALID": ExitCode.USAGE,
    "SPEC_INVALID": ExitCode.USAGE,
    "SPEC_UNSOUND": ExitCode.USAGE,
    "SERVICE_UNAVAILABLE": ExitCode.UNREACHABLE,
    "STORE_UNAVAILABLE": ExitCode.UNREACHABLE,
    "API_KEY_INVALID": ExitCode.REFUSED,
    "SCOPE_MISSING": ExitCode.REFUSED,
    "PERMISSION_DENIED": ExitCode.REFUSED,
}


def exit_code_of(error: PlatformError) -> ExitCode:
    """The exit status that tells a script about this error."""
    return _BY_REASON.get(error.reason, ExitCode.FAILED)
