import io
import json
import logging
import sys
import warnings
from pathlib import Path

import pytest

from pfi_common.errors import InternalError, TokenUsedError
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import configure_logging, get_logger


@pytest.fixture
def lines(monkeypatch):
    """Configures logging for a test and gives what is written, as parsed lines."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    configure_logging("coordinator")
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    logging.getLogger().handlers.clear()
    logging.getLogger("pfi").setLevel(logging.NOTSET)
    logging.captureWarnings(capture=False)


def test_a_line_is_one_object_with_its_fields(lines):
    get_logger().info(Event.RPC_FINISHED, method="/a/B", code="OK", seconds=0.25, reason=None)
    (line,) = lines()
    assert list(line)[:4] == ["time", "level", "service", "event"]
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "service": "coordinator",
        "event": "rpc_finished",
        "method": "/a/B",
        "code": "OK",
        "seconds": 0.25,
        "reason": None,
    }


def test_line_breaks_in_values_do_not_break_lines(lines):
    get_logger().info(Event.RPC_FINISHED, method="a\nb\u2028c")
    assert lines()[0]["method"] == "a\nb\u2028c"


@pytest.mark.parametrize("name", ["payload", "tensor", "prompt", "event", "time", "level"])
def test_a_field_that_is_not_declared_is_a_mistake(name):
    with pytest.raises(TypeError):
        get_logger().info(Event.RPC_FINISHED, **{name: "x"})


@pytest.mark.parametrize("value", [b"bytes", [1.0], {"a": 1}, object(), ValueError("x")])
def test_a_value_that_is_no_scalar_is_a_mistake(value):
    with pytest.raises(TypeError, match="log field count holds a"):
        get_logger().info(Event.RPC_FINISHED, count=value)


def test_a_platform_error_is_told_by_reason_and_message(lines):
    get_logger().error(Event.RPC_FAILED, error=TokenUsedError("used yesterday"))
    (line,) = lines()
    assert line["level"] == "ERROR"
    assert (line["reason"], line["error_message"]) == ("TOKEN_USED", "used yesterday")
    assert "stack_trace" not in line


def test_an_unforeseen_error_is_told_with_its_stack(lines):
    try:
        {}["k"]
    except KeyError as error:
        get_logger().error(Event.RPC_FAILED, error=error, method="/a/B")
    (line,) = lines()
    assert line["error_type"] == "KeyError"
    assert "test_log.py" in line["stack_trace"]


def test_an_unforeseen_errors_words_are_not_logged_for_they_may_quote_a_row(lines):
    try:
        int("a row")
    except ValueError as error:
        cause = error
    try:
        {}["another row"]
    except KeyError as error:
        error.__cause__ = cause
        get_logger().error(Event.RPC_FAILED, error=error)
    (line,) = lines()
    assert " row" not in json.dumps(line)
    assert [part.splitlines()[0] for part in line["stack_trace"].split("\nafter ")] == [
        "KeyError",
        "ValueError",
    ]


def test_a_deep_stack_is_cut_at_its_far_end(lines):
    def fall(depth):
        if depth:
            fall(depth - 1)
        raise ValueError

    try:
        fall(200)
    except ValueError as error:
        get_logger().error(Event.RPC_FAILED, error=error)
    (line,) = lines()
    assert len(line["stack_trace"]) <= 8000
    assert line["stack_trace"].count(" in fall") == 30


def test_a_warning_may_name_an_error(lines):
    get_logger().warning(Event.REVOCATION_LIST_UNREADABLE, error=InternalError("x" * 2000))
    (line,) = lines()
    assert line["level"] == "WARNING"
    assert len(line["error_message"]) == 1000


def test_libraries_are_heard_from_warnings_on(lines):
    logging.getLogger("grpc").info("chatter")
    logging.getLogger("grpc").warning("trouble with %s", "things")
    (line,) = lines()
    assert (line["event"], line["library"]) == ("library_message", "grpc")
    assert line["text"] == "trouble with things"


def test_a_librarys_stack_is_kept(lines):
    try:
        Path("/nowhere/at/all").read_text()
    except OSError:
        logging.getLogger("asyncio").exception("task failed")
    (line,) = lines()
    assert (line["text"], line["error_type"]) == ("task failed", "FileNotFoundError")


def test_python_warnings_become_lines(lines):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", UserWarning, stacklevel=1)
    assert lines()[0]["library"] == "py.warnings"


@pytest.mark.usefixtures("lines")
def test_the_level_silences_what_is_below(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    configure_logging("coordinator", "WARNING")
    get_logger().info(Event.RPC_FINISHED)
    get_logger().warning(Event.RPC_FINISHED)
    assert [json.loads(line)["level"] for line in sys.stderr.getvalue().splitlines()] == ["WARNING"]
