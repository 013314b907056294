"""Headers beside partial uploads: `PFIHDR02`, the round's name, and the sealed UpdateHeader.

The name's size stands before it as 2 bytes little-endian; it says which key opens the rest.
"""

from pathlib import Path

from pfi.aggregator.v1 import ticket_pb2, update_service_pb2
from pfi_aggregator.adapters.spool.round_keys import RoundKeys
from pfi_aggregator.domain.round_key import RoundKey
from pfi_aggregator.domain.ticket import UploadTicket
from pfi_aggregator.domain.update import UpdateHeader
from pfi_aggregator.wire.parsing import parse
from pfi_aggregator.wire.tickets import read_ticket
from pfi_aggregator.wire.updates import write_header
from pfi_common.errors import PlatformError

_MAGIC = b"PFIHDR02"
_SIZE_BYTES = 2


def write_upload_header(path: Path, header: UpdateHeader, keys: RoundKeys) -> UploadTicket:
    """Stores a header in one step, so that no reader meets half of it, and gives its ticket.

    Raises:
        OSError: the operating system does not take the file.
        SpoolKeyInvalidError: the round has no key.
    """
    message = write_header(header)
    ticket = ticket_of(message)
    name = str(ticket.key).encode()
    sealed = keys.find(ticket.key).seal(_label(path), message.SerializeToString())
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_bytes(_MAGIC + len(name).to_bytes(_SIZE_BYTES, "little") + name + sealed)
    fresh.replace(path)
    return ticket


def read_upload_header(path: Path, keys: RoundKeys) -> update_service_pb2.UpdateHeader | None:
    """Reads a stored header; none when a crash, or the round's end, has left none to be read."""
    try:
        data = path.read_bytes()
        name, sealed = _split(data)
        body = keys.find(name).open(_label(path), sealed)
        if body is None:
            return None
        header = parse(update_service_pb2.UpdateHeader, body)
        ticket_of(header)
    except (FileNotFoundError, ValueError, PlatformError):
        return None
    return header


def ticket_of(header: update_service_pb2.UpdateHeader) -> UploadTicket:
    """Reads the ticket that a header presents."""
    return read_ticket(parse(ticket_pb2.UploadTicket, header.ticket.payload))


def _split(data: bytes) -> tuple[RoundKey, bytes]:
    start = len(_MAGIC) + _SIZE_BYTES
    if not data.startswith(_MAGIC):
        raise ValueError("no header of a partial upload")
    end = start + int.from_bytes(data[len(_MAGIC) : start], "little")
    run, number, attempt, line = data[start:end].decode().split("/")
    return RoundKey(run, int(number), int(attempt), line), data[end:]


def _label(path: Path) -> str:
    return f"header\0{path.name}"
