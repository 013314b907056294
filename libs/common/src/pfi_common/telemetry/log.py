"""JSON logs on stderr: one object a line, with events and field names from closed lists."""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import TextIO

from pfi_common.errors import PlatformError
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.fields import FIELDS

Scalar = str | int | float | bool | None
"""What a log field may hold."""

_LOGGER = logging.getLogger("pfi")
_MAXIMUM_CHARACTERS = 1000
_MAXIMUM_STACK_CHARACTERS = 8000
_MAXIMUM_FRAMES = 30
_ATTRIBUTE = "pfi_fields"


class EventLogger:
    """Logs events; the one way in which the platform's own code logs.

    Each method raises `TypeError` for a field name that is not in `FIELDS` and for a value that is
    not a scalar, so that data cannot slip into a log by accident.

    Args:
        client: Client that every line is about; None where a line says so itself, or is about none.
    """

    def __init__(self, client: str | None = None) -> None:
        self._bound: dict[str, Scalar] = {} if client is None else {"client": client}

    def info(self, event: Event, **fields: Scalar) -> None:
        """Logs what happens in normal operation."""
        _emit(logging.INFO, event, self._bound | fields)

    def warning(
        self, event: Event, *, error: BaseException | None = None, **fields: Scalar
    ) -> None:
        """Logs what an operator should know, though the service goes on."""
        _emit(logging.WARNING, event, self._bound | fields | _describe(error))

    def error(self, event: Event, *, error: BaseException | None = None, **fields: Scalar) -> None:
        """Logs a failure; one that is not a `PlatformError` with its frames, innermost first."""
        _emit(logging.ERROR, event, self._bound | fields | _describe(error))


_EVENT_LOGGER = EventLogger()


def get_logger() -> EventLogger:
    """Gives the logger; before `configure_logging` it logs through Python's defaults."""
    return _EVENT_LOGGER


def configure_logging(service: str, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Sends every log line of this process to stderr, or to another stream, as JSON.

    Libraries are heard from WARNING on, as `library_message`.

    Args:
        service: Name that stands in every line, for instance `coordinator`.
        level: Lowest level of the platform's own events: INFO, WARNING or ERROR.
        stream: Where lines go; stderr when None.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter(service))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.captureWarnings(capture=True)
    _LOGGER.setLevel(level)


class JsonFormatter(logging.Formatter):
    """Writes a log record as one JSON object on one line."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """Gives the line: time, level, service, event, then the fields."""
        fields: dict[str, Scalar] | None = getattr(record, _ATTRIBUTE, None)
        line: dict[str, Scalar] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "service": self._service,
            "event": Event.LIBRARY_MESSAGE if fields is None else record.getMessage(),
        }
        line |= _library_fields(record) if fields is None else fields
        return json.dumps(line, ensure_ascii=True)


def _emit(level: int, event: Event, fields: dict[str, Scalar]) -> None:
    _check(fields)
    _LOGGER.log(level, event.value, extra={_ATTRIBUTE: fields})


def _check(fields: dict[str, Scalar]) -> None:
    unknown = fields.keys() - FIELDS - _ERROR_FIELDS
    if unknown:
        raise TypeError(f"log fields that are not declared: {', '.join(sorted(unknown))}")
    for name, value in fields.items():
        if not isinstance(value, Scalar):
            raise TypeError(f"log field {name} holds a {type(value).__name__}, not a scalar")


_ERROR_FIELDS = frozenset({"error_message", "error_type", "stack_trace"})


def _describe(error: BaseException | None) -> dict[str, Scalar]:
    if error is None:
        return {}
    if isinstance(error, PlatformError):
        return {"reason": error.reason, "error_message": _cut(error.message)}
    return {"error_type": type(error).__name__, "stack_trace": _stack(error)}


def _stack(error: BaseException) -> str:
    """Gives where each exception of the chain was raised; a message may quote a row of data."""
    pieces: list[str] = []
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        frames = traceback.StackSummary.extract(
            traceback.walk_tb(link.__traceback__), limit=-_MAXIMUM_FRAMES, lookup_lines=False
        )
        places = [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
        pieces.append("\n".join([type(link).__name__, *reversed(places)]))
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return _cut("\nafter ".join(pieces), _MAXIMUM_STACK_CHARACTERS)


def _library_fields(record: logging.LogRecord) -> dict[str, Scalar]:
    fields: dict[str, Scalar] = {"library": record.name, "text": _cut(record.getMessage())}
    error = record.exc_info[1] if record.exc_info else None
    return fields | _describe(error)


def _cut(text: str, maximum: int = _MAXIMUM_CHARACTERS) -> str:
    return text if len(text) <= maximum else text[: maximum - 1] + "…"
