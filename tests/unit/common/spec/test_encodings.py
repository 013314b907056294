"""What a run and a client agree on, and what error feedback does not go together with."""

from __future__ import annotations

import pytest
from tests.unit.common.spec.builders import spec

from pfi_common.spec import acceptable_uploads, agreed_upload
from pfi_common.spec.error_feedback import error_feedback_problems


@pytest.mark.parametrize(
    ("wished", "offered", "agreed"),
    [
        ("int4_block", ("fp32", "bf16", "int8_block", "int4_block"), "int4_block"),
        ("int4_block", ("fp32", "bf16", "int8_block"), "int8_block"),
        ("int4_block", ("fp32",), "fp32"),
        ("int8_block", ("int4_block", "bf16"), "bf16"),
        ("fp32", ("int4_block", "int8_block", "bf16"), None),
        ("bf16", (), None),
        ("bf16", ("fp16", "fp32"), "fp32"),
    ],
)
def test_never_more_is_lost_than_was_wished(
    wished: str, offered: tuple[str, ...], agreed: str | None
) -> None:
    assert agreed_upload(wished, offered) == agreed


def test_acceptable_encodings_begin_with_the_runs() -> None:
    assert acceptable_uploads("int8_block") == ("int8_block", "bf16", "fp32")


@pytest.mark.parametrize(
    ("encoding", "product", "refused"),
    [
        ({"upload": "int4_block"}, "svd", True),
        ({"upload": "int4_block"}, "stack", True),
        ({"upload": "int4_block"}, "factors", False),
        ({"upload": "int4_block", "error_feedback": False}, "svd", False),
        ({"upload": "int8_block"}, "svd", False),
    ],
)
def test_products_that_make_other_factors_refuse_error_feedback(
    encoding: dict[str, object], product: str, refused: bool
) -> None:
    made = spec(encoding=encoding)
    aggregate = made.aggregate.model_copy(update={"product": product})
    problems = list(error_feedback_problems(made.model_copy(update={"aggregate": aggregate})))
    assert bool(problems) == refused


@pytest.mark.parametrize(
    ("encoding", "rule", "refused"),
    [
        ({"upload": "int4_block"}, {"rule": "krum", "attackers": 1}, True),
        ({"upload": "int4_block"}, {"rule": "multi_krum", "attackers": 1}, True),
        ({"upload": "int4_block"}, {"rule": "median"}, False),
        (
            {"upload": "int4_block", "error_feedback": False},
            {"rule": "krum", "attackers": 1},
            False,
        ),
        ({"upload": "int8_block"}, {"rule": "multi_krum", "attackers": 1}, False),
    ],
)
def test_rules_that_leave_updates_out_refuse_error_feedback(
    encoding: dict[str, object], rule: dict[str, object], refused: bool
) -> None:
    made = spec(aggregate=rule, cohort={"size": 8})
    update = {"encoding": spec(encoding=encoding).encoding}
    problems = list(error_feedback_problems(made.model_copy(update=update)))
    assert bool(problems) == refused
    assert all("Set encoding.error_feedback to false" in problem for problem in problems)
