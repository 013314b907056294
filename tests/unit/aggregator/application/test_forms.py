"""Every published version is offered in the form that its run asked for, and in no other."""

import hashlib
from dataclasses import replace

import pytest
from tests.support.aggregator.builders import KEY, SEED, make_plan, make_schema, make_upload
from tests.support.aggregator.use_cases import TOKEN, UseCases

from pfi_aggregator.application.create_initial_adapter import InitialAdapter
from pfi_aggregator.domain.admission import check_announcement
from pfi_aggregator.domain.lineage import Lineage
from pfi_aggregator.wire.plans import read_plan, write_plan
from pfi_aggregator.wire.tickets import read_ticket
from pfi_aggregator.wire.updates import read_header
from pfi_common.errors import BaseMismatchError, InvalidRequestError, RoundStateInvalidError
from pfi_common.tensors import BF16, FP32, INT4_BLOCK, INT8_BLOCK, encode


def read(graph: UseCases, statement: bytes) -> Lineage:
    return graph.statements.read_lineage(statement)


def check_form(graph: UseCases, lineage: Lineage, encoding: int) -> None:
    (form,) = lineage.forms
    payload = encode(encoding, graph.adapter(lineage.adapter.digest))
    assert form.encoding == encoding
    assert form.payload_sha256 == hashlib.sha256(payload).hexdigest()
    assert form.payload_bytes == len(payload)
    assert graph.artifacts.objects["forms", form.payload_sha256] == payload


@pytest.mark.parametrize("encoding", [BF16, INT8_BLOCK])
async def test_version_0_and_the_next_have_the_form(encoding):
    graph = UseCases()
    plan = replace(make_plan(), download_encoding=encoding)
    wanted = InitialAdapter(plan.key.run, plan.key.line, plan.schema, SEED, encoding)
    first = read(graph, await graph.create.run(TOKEN, wanted))
    check_form(graph, first, encoding)
    await graph.open.run(TOKEN, plan)
    await graph.upload(make_upload(plan))
    await graph.seal.run(TOKEN, KEY)
    check_form(graph, read(graph, (await graph.finalize.run(TOKEN, KEY)).lineage), encoding)


async def test_without_one_there_is_the_canonical_payload_alone():
    graph = UseCases()
    wanted = InitialAdapter("r-0000000001", "global", make_schema(), SEED)
    assert read(graph, await graph.create.run(TOKEN, wanted)).forms == ()
    assert not [kind for kind, _ in graph.artifacts.objects if kind == "forms"]


async def test_version_0_has_one_form_for_good():
    graph = UseCases()
    wanted = InitialAdapter("r-0000000001", "global", make_schema(), SEED, BF16)
    made = await graph.create.run(TOKEN, wanted)
    assert await graph.create.run(TOKEN, wanted) == made
    with pytest.raises(RoundStateInvalidError):
        await graph.create.run(TOKEN, replace(wanted, download_encoding=None))


@pytest.mark.parametrize("encoding", [FP32, INT4_BLOCK, 99])
def test_other_forms_are_refused(encoding):
    with pytest.raises(InvalidRequestError, match="download_encoding"):
        replace(make_plan(), download_encoding=encoding)
    with pytest.raises(InvalidRequestError, match="download_encoding"):
        InitialAdapter("r-0000000001", "global", make_schema(), SEED, encoding)


def test_a_plan_keeps_its_form_on_the_wire():
    for encoding in (None, BF16):
        plan = replace(make_plan(), download_encoding=encoding)
        assert read_plan(write_plan(plan)).download_encoding == encoding


def test_an_update_is_a_change_of_the_form_that_its_ticket_names():
    plan = make_plan()
    upload = make_upload(plan)
    upload.ticket.base_payload_sha256 = "f" * 64
    ticket = read_ticket(upload.ticket)
    with pytest.raises(BaseMismatchError):
        check_announcement(read_header(upload.header), ticket, plan)
    upload.header.base_digest = "f" * 64
    check_announcement(read_header(upload.header), ticket, plan)
    with pytest.raises(BaseMismatchError):
        check_announcement(
            read_header(upload.header), replace(ticket, base_payload_sha256=""), plan
        )
