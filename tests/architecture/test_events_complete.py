"""Every log event and field is declared, and every declared one is used."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.tree import imported_modules, parsed, product_files, short

from pfi_common.telemetry.events import Event
from pfi_common.telemetry.fields import FIELDS

DECLARATION = "telemetry/events.py"
LEVELS = {"info", "warning", "error"}
NOT_FIELDS = {"error"}
FROM_ELSEWHERE = {"library", "reason", "text"}
"""Fields that `telemetry/log.py` writes by itself."""


def names_of_event(path: Path) -> set[str]:
    """What a file calls the list of events; some have another `Event` of their own."""
    return {
        alias.asname or alias.name
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ImportFrom) and node.module == Event.__module__
        for alias in node.names
        if alias.name == Event.__name__
    }


def used_events(path: Path) -> Iterator[str]:
    names = names_of_event(path)
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in names:
            yield node.attr


def log_calls(path: Path) -> Iterator[ast.Call]:
    """Calls like `get_logger().info(...)`."""
    if "pfi_common.telemetry.log" not in imported_modules(path):
        return
    for node in ast.walk(parsed(path)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in LEVELS
        ):
            yield node


def sources() -> list[Path]:
    return [path for path in product_files() if not short(path).endswith(DECLARATION)]


def test_every_event_is_declared_and_used():
    used = {name for path in sources() for name in used_events(path)}
    assert used - set(Event.__members__) == set(), "used and not declared"
    assert set(Event.__members__) - used == set(), "declared and not used"


def test_events_are_called_like_their_values():
    assert [event for event in Event if event.value != event.name.lower()] == []


def test_every_field_is_declared_and_used():
    used = {
        keyword.arg
        for path in sources()
        for call in log_calls(path)
        for keyword in call.keywords
        if keyword.arg
    }
    logged = (used | FROM_ELSEWHERE) - NOT_FIELDS
    assert logged - FIELDS == set(), "used and not declared"
    assert FIELDS - logged == set(), "declared and not used"


def test_fields_are_passed_by_name():
    spread = [
        f"{short(path)}:{call.lineno}"
        for path in sources()
        for call in log_calls(path)
        if any(keyword.arg is None for keyword in call.keywords)
    ]
    assert spread == []
