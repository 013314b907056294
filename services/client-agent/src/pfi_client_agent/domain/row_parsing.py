"""Turns one JSON value into a row, or says in a short sentence why it cannot be one."""

from collections.abc import Callable, Mapping

from pfi_client_agent.domain.rows import CompletionRow, Message, MessagesRow, Row, TextRow

_KINDS = ("text", "messages", "prompt/completion")
_SHOWN_KEYS = 5


class BadRowError(ValueError):
    """A row cannot be used; the message says why and repeats nothing of the row's text."""


def parse_row(document: object) -> Row:
    """Read one row.

    Raises:
        BadRowError: The value has none or several of the known kinds, or a field breaks its rule.
    """
    if not isinstance(document, Mapping):
        raise BadRowError(f"is {_kind_name(document)}, not an object")
    kinds = _kinds_present(document)
    if not kinds:
        raise BadRowError(f"has none of {', '.join(_KINDS)}{_keys_found(document)}")
    if len(kinds) > 1:
        raise BadRowError(f"has {' and '.join(kinds)}; keep one of them")
    return _PARSERS[kinds[0]](document)


def _kinds_present(document: Mapping[str, object]) -> list[str]:
    kinds = [name for name in ("text", "messages") if name in document]
    if "prompt" in document or "completion" in document:
        kinds.append("prompt/completion")
    return kinds


def _keys_found(document: Mapping[str, object]) -> str:
    if not document:
        return "; the object is empty"
    shown = [key[:20] if key[:20].isprintable() else "?" for key in list(document)[:_SHOWN_KEYS]]
    return f"; its keys are {', '.join(shown)}{', ...' if len(document) > _SHOWN_KEYS else ''}"


def _parse_text(document: Mapping[str, object]) -> TextRow:
    return TextRow(_filled(document.get("text"), "text"), _label(document.get("label")))


def _label(value: object) -> str | None:
    """Read a label; what cannot be one counts as none, since not every run needs labels."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    # A label is compared with those of a run's specification, which are written without such.
    return value.strip() or None if isinstance(value, str) and _is_encodable(value) else None


def _is_encodable(text: str) -> bool:
    # JSON can spell half of a surrogate pair, which no tokenizer takes.
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _parse_completion(document: Mapping[str, object]) -> CompletionRow:
    for field in ("prompt", "completion"):
        if field not in document:
            raise BadRowError(f"has no `{field}`")
    prompt = _string(document["prompt"], "prompt")
    return CompletionRow(prompt, _filled(document["completion"], "completion"))


def _parse_messages(document: Mapping[str, object]) -> MessagesRow:
    messages = document["messages"]
    if not isinstance(messages, list) or not messages:
        raise BadRowError("`messages` is not a list with at least one message")
    return MessagesRow(
        tuple(_parse_message(index, message) for index, message in enumerate(messages))
    )


def _parse_message(index: int, message: object) -> Message:
    if not isinstance(message, Mapping):
        raise BadRowError(f"`messages[{index}]` is {_kind_name(message)}, not an object")
    role = _filled(message.get("role"), f"messages[{index}].role")
    return Message(role, _filled(message.get("content"), f"messages[{index}].content"))


def _filled(value: object, field: str) -> str:
    text = _string(value, field)
    if not text.strip():
        raise BadRowError(f"`{field}` is empty")
    return text


def _string(value: object, field: str) -> str:
    if not isinstance(value, str):
        raise BadRowError(f"`{field}` is {_kind_name(value)}, not text")
    if not _is_encodable(value):
        raise BadRowError(f"`{field}` holds half of a surrogate pair")
    return value


def _kind_name(value: object) -> str:
    names: dict[type, str] = {
        type(None): "missing or null", bool: "true or false", int: "a number", float: "a number",
        str: "text", list: "a list", dict: "an object",
    }  # fmt: skip
    return names.get(type(value), "of an unknown kind")


_PARSERS: Mapping[str, Callable[[Mapping[str, object]], Row]] = {
    "text": _parse_text,
    "messages": _parse_messages,
    "prompt/completion": _parse_completion,
}
