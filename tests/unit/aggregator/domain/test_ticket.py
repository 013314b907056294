"""Who a ticket is for, and for how long."""

from dataclasses import replace

import pytest
from tests.support.aggregator.builders import (
    KEY_SHA256,
    SPOOL,
    later,
    make_plan,
    make_upload,
)

from pfi_aggregator.domain.ticket import Caller
from pfi_aggregator.wire.tickets import read_ticket
from pfi_common.errors import InvalidRequestError, TicketExpiredError, TicketForeignError

TICKET = read_ticket(make_upload(make_plan()).ticket)
HOLDER = Caller(TICKET.client, KEY_SHA256)


def test_the_holder_passes():
    TICKET.check_holder(HOLDER, SPOOL)


@pytest.mark.parametrize(
    ("caller", "spool"),
    [
        (replace(HOLDER, client="c-000000000002"), SPOOL),
        (replace(HOLDER, key_sha256="cd" * 32), SPOOL),
        (HOLDER, "spool-1"),
    ],
)
def test_anyone_else_is_refused(caller, spool):
    with pytest.raises(TicketForeignError):
        TICKET.check_holder(caller, spool)


def test_a_minute_of_clock_difference_is_granted():
    TICKET.check_time(later(60))
    with pytest.raises(TicketExpiredError):
        TICKET.check_time(later(60.001))


@pytest.mark.parametrize("field", ["task", "client", "key_sha256", "run", "line"])
def test_tickets_with_bad_names_are_refused(field):
    ticket = make_upload(make_plan()).ticket
    setattr(ticket, field, "../x")
    with pytest.raises(InvalidRequestError):
        read_ticket(ticket)


def test_times_out_of_range_are_refused():
    ticket = make_upload(make_plan()).ticket
    ticket.expiry_time.seconds = 1 << 60
    with pytest.raises(InvalidRequestError):
        read_ticket(ticket)
