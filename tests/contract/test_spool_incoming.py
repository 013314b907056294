"""What every implementation of the ports `Incoming` and `PartialUpload` does."""

import pytest
from tests.support.aggregator.builders import make_plan, make_upload, with_ticket
from tests.support.aggregator.incoming import InMemoryIncoming, InMemoryPartialUpload
from tests.support.aggregator.spools import disk_spool

from pfi_aggregator.application.ports import Incoming
from pfi_aggregator.wire.updates import read_header
from pfi_common.clock import SystemClock
from pfi_common.errors import ChunkOutOfOrderError

UPLOAD = make_upload(make_plan())
OTHER_BYTES = make_upload(make_plan(), seed=2)
OTHER_TASK = make_upload(make_plan(), "c-000000000002")
TASK = UPLOAD.ticket.task


@pytest.fixture(params=["memory", "disk"])
def incoming(request, tmp_path) -> Incoming:
    if request.param == "memory":
        return InMemoryIncoming()
    spool = disk_spool(tmp_path / "spool")
    spool.rounds.open(make_plan())
    return spool.incoming


def header(upload, offset: int = 0):
    message = with_ticket(upload)
    message.offset_bytes = offset
    return read_header(message)


def stored(incoming: Incoming, upload=UPLOAD) -> int:
    return incoming.stored_bytes(upload.ticket.task, upload.header.payload_sha256)


def begin(incoming: Incoming, upload=UPLOAD, offset: int = 0):
    return incoming.begin(upload.ticket.task, header(upload, offset))


def test_nothing_is_stored_at_first(incoming):
    assert stored(incoming) == 0
    assert incoming.count() == 0
    with pytest.raises(ChunkOutOfOrderError):
        begin(incoming, offset=1)


def test_bytes_stay_and_are_read_back_in_order(incoming):
    partial = begin(incoming)
    assert isinstance(partial, InMemoryPartialUpload) == isinstance(incoming, InMemoryIncoming)
    partial.append(UPLOAD.payload[:100])
    partial.append(UPLOAD.payload[100:300])
    assert partial.stored_bytes == 300
    partial.close()
    partial.close()
    assert stored(incoming) == 300
    resumed = begin(incoming, offset=300)
    assert b"".join(resumed.pieces()) == UPLOAD.payload[:300]
    resumed.append(UPLOAD.payload[300:])
    assert b"".join(resumed.pieces()) == UPLOAD.payload
    resumed.close()


def test_a_resume_drops_what_lies_behind_its_offset(incoming):
    partial = begin(incoming)
    partial.append(UPLOAD.payload[:300])
    partial.close()
    resumed = begin(incoming, offset=200)
    assert resumed.stored_bytes == 200
    assert b"".join(resumed.pieces()) == UPLOAD.payload[:200]
    resumed.close()
    assert stored(incoming) == 200


def test_a_task_has_one_upload(incoming):
    first = begin(incoming)
    first.append(UPLOAD.payload[:300])
    first.close()
    second = begin(incoming, OTHER_BYTES)
    second.append(OTHER_BYTES.payload[:10])
    second.close()
    assert (stored(incoming), stored(incoming, OTHER_BYTES)) == (0, 10)
    assert incoming.count() == 1


def test_discarding_deletes(incoming):
    partial = begin(incoming)
    partial.append(UPLOAD.payload)
    partial.discard()
    assert (stored(incoming), incoming.count()) == (0, 0)


def test_sweeping_asks_with_the_ticket_and_deletes_what_is_not_needed(incoming):
    started_at = SystemClock().now()
    for upload in (UPLOAD, OTHER_TASK):
        partial = begin(incoming, upload)
        partial.append(upload.payload[:50])
        partial.close()
    asked = []

    def is_needed(ticket, used_at):
        assert abs((used_at - started_at).total_seconds()) < 60
        asked.append((ticket.task, ticket.client))
        return ticket.task == TASK

    assert incoming.sweep(is_needed, lambda _: False) == 1
    assert sorted(asked) == sorted((u.ticket.task, u.ticket.client) for u in (UPLOAD, OTHER_TASK))
    assert (stored(incoming), stored(incoming, OTHER_TASK), incoming.count()) == (50, 0, 1)
