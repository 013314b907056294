import grpc
import pytest
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from pfi_common.errors import (
    ERRORS,
    InternalError,
    RunUnknownError,
    ServiceUnavailableError,
    UpdateTooLateError,
)
from pfi_common.rpc.errors import platform_error, status_of, translated

DETAILS_KEY = "grpc-status-details-bin"


def received(status: Status) -> grpc.aio.AioRpcError:
    """What a caller gets when a server ends a call with the status."""
    (code,) = [item for item in grpc.StatusCode if item.value[0] == status.code]
    metadata = grpc.aio.Metadata((DETAILS_KEY, status.SerializeToString()))
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), metadata, status.message)


def bare(code: grpc.StatusCode, details: str = "") -> grpc.aio.AioRpcError:
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(), details)


@pytest.mark.parametrize("reason", sorted(ERRORS))
def test_every_error_arrives_as_it_was_raised(reason):
    error = ERRORS[reason]("what happened", retry_after_seconds=1.5, run="r-1")
    copy = platform_error(received(status_of(error)))
    assert type(copy) is type(error)
    assert copy.__dict__ == error.__dict__


def test_a_status_has_the_catalogs_code_and_our_domain():
    status = status_of(RunUnknownError("no run r-1"))
    info = ErrorInfo()
    assert status.details[0].Unpack(info)
    assert (info.domain, info.reason) == ("pfi", "RUN_UNKNOWN")
    assert status.code == grpc.StatusCode.NOT_FOUND.value[0]


def test_long_messages_fit_into_metadata():
    status = status_of(RunUnknownError("ä" * 5000, run="ö" * 5000))
    assert len(status.message) == 1000
    assert status.ByteSize() < 8192


@pytest.mark.parametrize(
    "code",
    [
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
    ],
)
def test_a_call_that_did_not_get_through_may_be_tried_again(code):
    error = platform_error(bare(code))
    assert type(error) is ServiceUnavailableError
    assert error.details == {"code": code.name}


@pytest.mark.parametrize("code", [grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNIMPLEMENTED])
def test_a_status_that_nobody_explains_is_internal(code):
    assert type(platform_error(bare(code, "Traceback: s3cret"))) is InternalError
    assert "s3cret" not in platform_error(bare(code, "s3cret")).message


def test_a_call_that_ended_while_sending_may_be_tried_again():
    error = platform_error(bare(grpc.StatusCode.INTERNAL, "Internal error from Core"))
    assert type(error) is ServiceUnavailableError
    assert "while data was being sent" in error.message


def test_a_reason_of_another_domain_is_not_ours():
    status = Status(code=5, message="no")
    status.details.add().Pack(ErrorInfo(reason="RUN_UNKNOWN", domain="example.org"))
    assert type(platform_error(received(status))) is InternalError


def test_damaged_details_are_ignored():
    metadata = grpc.aio.Metadata((DETAILS_KEY, b"\xff\xff"))
    error = grpc.aio.AioRpcError(grpc.StatusCode.NOT_FOUND, grpc.aio.Metadata(), metadata, "no")
    assert type(platform_error(error)) is InternalError


def test_other_rpc_errors_are_internal():
    assert type(platform_error(grpc.RpcError())) is InternalError


def test_a_block_translates_what_it_raises():
    with pytest.raises(UpdateTooLateError, match="sealed"), translated():
        raise received(status_of(UpdateTooLateError("sealed")))


def test_a_block_leaves_other_errors_alone():
    with pytest.raises(KeyError), translated():
        raise KeyError


@pytest.mark.parametrize(
    ("details", "why"),
    [
        ("... CERTIFICATE_VERIFY_FAILED: certificate has expired: OK", "has expired"),
        ("... CERTIFICATE_VERIFY_FAILED: self signed certificate", "not of this federation"),
        ("... CERTIFICATE_VERIFY_FAILED: unsupported certificate purpose", "not a server's"),
        ("Hostname Verification Check failed.", "not for this address"),
        ("failed to connect: Connection refused (111)", "nothing listens"),
        ("DNS resolution failed for nowhere", "cannot be resolved"),
        ("failed to connect to all addresses; Socket closed", "does not accept this certificate"),
        ("Socket closed", "connection to the service was lost"),
    ],
)
def test_lost_connections_are_told_in_words(details, why):
    assert why in platform_error(bare(grpc.StatusCode.UNAVAILABLE, details)).message
