"""Reading messages that come from outside."""

from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from pfi_common.errors import InvalidRequestError

M = TypeVar("M", bound=Message)


def parse(message_type: type[M], data: bytes) -> M:
    """Reads a serialised message.

    Raises:
        InvalidRequestError: the bytes are not one.
    """
    try:
        return message_type.FromString(data)
    except DecodeError as error:
        message = f"The bytes are not a {message_type.DESCRIPTOR.name}."
        raise InvalidRequestError(message) from error


def serialize(message: Message) -> bytes:
    """Writes a message so that equal messages have equal bytes."""
    return message.SerializeToString(deterministic=True)
