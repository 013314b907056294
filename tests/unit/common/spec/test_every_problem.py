import pytest

from pfi_common.errors import SpecInvalidError, SpecUnsoundError
from pfi_common.spec import examine_run_spec, parse_run_spec

SOUND = {"name": "river", "backbone": {"model": "m"}, "cohort": {"size": 4}}


def problems(**changes):
    return examine_run_spec(SOUND | changes).problems


def test_a_sound_document_is_the_specification_that_the_parser_gives():
    examined = examine_run_spec(SOUND)
    assert examined.problems == ()
    assert examined.spec == parse_run_spec(SOUND)


def test_every_unsound_combination_is_found():
    found = problems(
        cohort={"size": 4, "minimum": 5},
        cluster={"method": "update_similarity", "count": 9},
        stop={"rounds": 1},
    )
    assert [text.split()[0] for text in found] == [
        "cohort.minimum",
        "cluster.probe_round",
        "cluster.count",
    ]


def test_bad_fields_do_not_hide_unsound_combinations():
    found = problems(cohort={"size": 4, "minimum": 5}, local={"steps": 0}, colour="blue")
    assert [text.split(":")[0].split()[0] for text in found] == [
        "local.steps",
        "colour",
        "cohort.minimum",
    ]


def test_a_field_of_another_variant_is_told_once():
    (only,) = problems(server_optimizer={"name": "sgd", "beta1": 0.5})
    assert "sgd has no second moment" in only


@pytest.mark.parametrize("document", [{}, {"name": "x"}, {"name": 3, "cohort": 5}])
def test_without_what_is_required_there_is_no_specification(document):
    examined = examine_run_spec(document)
    assert examined.spec is None
    assert examined.problems


@pytest.mark.parametrize(
    "changes",
    [{"colour": 1}, {"cohort": {"size": 2, "minimum": 3}}, {"local": {"steps": "many"}}],
)
def test_what_the_parser_refuses_has_a_problem(changes):
    with pytest.raises((SpecInvalidError, SpecUnsoundError)) as refused:
        parse_run_spec(SOUND | changes)
    for problem in problems(**changes):
        assert problem in refused.value.message
