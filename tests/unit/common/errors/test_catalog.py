import subprocess
import sys

from pfi_common.errors import InternalError, RunUnknownError, error_for


def test_a_known_reason_gives_its_class():
    error = error_for("RUN_UNKNOWN", "no run r-1", run="r-1")
    assert type(error) is RunUnknownError
    assert (error.message, error.details) == ("no run r-1", {"run": "r-1"})


def test_the_reason_of_a_newer_peer_becomes_internal_and_is_kept():
    error = error_for("COSMIC_RAYS", "bits fell over", where="orbit")
    assert type(error) is InternalError
    assert error.message == "bits fell over"
    assert error.details == {"where": "orbit", "unknown_reason": "COSMIC_RAYS"}


def test_details_may_be_called_like_parameters():
    details = {"message": "a", "retry_after_seconds": "b", "reason": "c"}
    error = error_for("RUN_UNKNOWN", "no run", **details)
    assert error.details == details
    assert error.retry_after_seconds is None


def test_errors_need_no_grpc():
    code = "import sys, pfi_common.errors, pfi_common.settings; print('grpc' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
