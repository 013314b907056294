"""What a specification comes to, from its parts to the page."""

import io
import json

import pytest
import yaml
from rich.console import Console
from typer.testing import CliRunner

from pfi_cli import main as program
from pfi_cli.commands import explain as command
from pfi_cli.exit_codes import ExitCode
from pfi_cli.explain import timings as limits
from pfi_cli.explain.combinations import CHOICES, combinations
from pfi_cli.explain.explanation import explain_spec
from pfi_cli.explain.lines import line_plans
from pfi_cli.explain.origins import Origin, effective_values
from pfi_cli.explain.timings import timings
from pfi_cli.output.explanation import explanation_view
from pfi_common.errors import InvalidRequestError
from pfi_common.spec import examine_run_spec, parse_description, parse_run_spec, run_facts
from pfi_common.tensors import Schema, Tensor
from pfi_coordinator.adapters.proto_tasks import TICKET_GRACE
from pfi_coordinator.application.outbox.clusters import REORDER_SECONDS
from pfi_coordinator.domain.retrying import RetryPauses
from pfi_coordinator.domain.rules import SETTLE_GRACE_SECONDS, ClusterRules
from pfi_coordinator.domain.scaling import scaled_rules
from pfi_coordinator.settings import CoordinatorSettings

DOCUMENT = {
    "name": "river",
    "preset": "fedprox",
    "backbone": {"model": "small"},
    "adapter": {"rank": 2, "alpha": 4, "target_modules": ["q_proj"]},
    "cohort": {"size": 6, "over_select": 1.5, "minimum": 4, "deadline": "2m"},
    "stop": {"rounds": 5},
}
GROUPED = DOCUMENT | {"cluster": {"method": "update_similarity", "probe_round": 2}}
SCHEMA = Schema(
    tensors=(
        Tensor("model.layers.0.q_proj.lora_A.weight", (2, 8)),
        Tensor("model.layers.0.q_proj.lora_B.weight", (8, 2)),
    ),
    rank=2,
    alpha=4,
    target_modules=("q_proj",),
)
DESCRIBED = {
    "backbone_digest": "b" * 64,
    "adapter_schema": SCHEMA.as_document(),
    "parameter_count": 1000,
}


def explained(document, described=DESCRIBED):
    description = None if described is None else parse_description(described)
    return explain_spec(examine_run_spec(document), document, description, "there is none")


def page(document, width=100, described=DESCRIBED):
    console = Console(width=width, record=True, file=io.StringIO())
    for part in explanation_view(explained(document, described)):
        console.print(part)
    return console.export_text()


def test_values_say_who_chose_them():
    spec = parse_run_spec(DOCUMENT)
    origins = {each.field: each.origin for each in effective_values(spec, DOCUMENT)}
    assert origins["cohort.size"] is Origin.GIVEN
    assert origins["local.proximal_mu"] is Origin.PRESET
    assert origins["local.steps"] is Origin.DEFAULT
    values = {each.field: each.value for each in effective_values(spec, DOCUMENT)}
    assert values["local.proximal_mu"] == 0.01
    assert values["cohort.deadline"] == "2m"


def test_time_limits_are_those_of_the_coordinator():
    pauses = RetryPauses()
    assert limits.RETRY_FIRST.total_seconds() == pauses.first_seconds
    assert limits.RETRY_MOST.total_seconds() == pauses.most_seconds
    fields = CoordinatorSettings.model_fields
    configured = (fields["retry_first_seconds"].default, fields["retry_most_seconds"].default)
    assert configured == (pauses.first_seconds, pauses.most_seconds)
    assert limits.TICKET_GRACE == TICKET_GRACE
    assert limits.SETTLE_GRACE.total_seconds() == SETTLE_GRACE_SECONDS
    assert limits.PARTITION_REPEATED.total_seconds() == REORDER_SECONDS


def test_time_limits_follow_the_deadline():
    found = {each.what: each.seconds for each in timings(parse_run_spec(DOCUMENT))}
    assert found["collecting updates, per attempt"] == 120
    assert found["an upload ticket"] == 420
    pauses_seconds = 5 * (5 + 10)
    longest_seconds = 120 * (2 * 3 * 5 + 1) + pauses_seconds
    assert found["the whole run, with every wait to its end"] == longest_seconds
    assert "grouping the clients" not in found
    grouped = {each.what for each in timings(parse_run_spec(GROUPED))}
    assert {"grouping the clients", "placing a new client"} <= grouped


def test_a_run_without_clusters_has_one_line():
    (only,) = line_plans(parse_run_spec(DOCUMENT))
    assert (only.line, only.first_round, only.last_round) == ("global", 1, 5)
    assert (only.selected, only.size, only.minimum) == (9, 6, 4)


@pytest.mark.parametrize("aggregate", [{}, {"rule": "median"}], ids=["mean", "median"])
@pytest.mark.parametrize("count", [2, 3])
def test_lines_of_clusters_share_the_cohort_as_the_coordinator_does(count, aggregate):
    cluster = GROUPED["cluster"] | {"count": count, "minimum_size": 3}
    wide = {"cohort": {"size": 20, "minimum": 4}}
    spec = parse_run_spec(GROUPED | wide | {"cluster": cluster, "aggregate": aggregate})
    begin, own = line_plans(spec)
    assert (begin.last_round, own.first_round, own.last_round) == (2, 3, 5)
    rules = scaled_rules(_run_rules(spec), _cluster_rules(spec), 100, 100 * count)
    assert (own.selected, own.size, own.minimum) == (
        rules.selected_count,
        rules.size,
        rules.minimum,
    )


def _run_rules(spec):
    from pfi_coordinator.application.submit_run import rules_of

    return rules_of(spec, 300.0)


def _cluster_rules(spec) -> ClusterRules:
    return _run_rules(spec).cluster


def test_the_messages_are_the_compiled_ones():
    found = explained(DOCUMENT)
    assert found["client_messages"]["TrainTask"]["local"]["proximal_mu"] == 0.01
    assert "ticket" not in found["client_messages"]["TrainTask"]
    (plan,) = found["round_plans"].values()
    assert plan["fraction_bits"] == found["merge"]["fraction_bits"]
    assert plan["maximum_updates"] == 9
    assert "sketch" not in plan


def test_rounds_of_a_run_with_clusters_have_plans_of_three_kinds():
    plans = explained(GROUPED)["round_plans"]
    assert list(plans) == ["rounds before the probe", "probe round 2", "cluster rounds 3 to 5"]
    assert [plan.get("sketch", {}).get("dimensions") for plan in plans.values()] == [None, 64, None]
    assert [plan["minimum_updates"] for plan in plans.values()] == [4, 4, 2]
    first = GROUPED | {"cluster": {"method": "update_similarity"}}
    assert list(explained(first)["round_plans"]) == ["probe round 1", "cluster rounds 2 to 5"]


def test_bytes_are_those_of_the_facts():
    facts = run_facts(parse_run_spec(DOCUMENT), parse_description(DESCRIBED))
    assert explained(DOCUMENT)["facts"]["transfer_bytes_per_run"] == facts.transfer_bytes_per_run


def test_a_classifier_tells_its_labels():
    labels = {"task": "sequence-classification", "classification": {"labels": ["a", "b"]}}
    found = explained(DOCUMENT | labels, None)
    assert found["client_messages"]["Classification"]["labels"] == ["a", "b"]
    assert found["undescribed"] == "there is none"


def test_combinations_are_tried_and_not_believed():
    pairs = {frozenset((each.first, each.second)): each for each in combinations()}
    assert len(pairs) == len(CHOICES) * (len(CHOICES) - 1) // 2
    personal, grouped = "classification, head personal", "cluster update_similarity"
    assert pairs[frozenset((personal, grouped))].outcome == "no"
    assert "loss" in pairs[frozenset((personal, grouped))].reason
    assert pairs[frozenset((personal, "personalize dual_adapter"))].outcome == "yes"
    assert pairs[frozenset(("server adam", "server sgd with momentum"))].outcome == "either"
    for rule, outcome in (("rule krum", "no"), ("rule multi_krum", "no"), ("rule median", "yes")):
        assert pairs[frozenset((rule, "upload int4_block, feedback"))].outcome == outcome


def test_a_choice_is_sound_alone_or_with_what_it_needs():
    for choice in CHOICES:
        others = [each for each in combinations() if choice.name in (each.first, each.second)]
        assert any(each.outcome == "yes" for each in others)


def test_the_choices_of_the_specification_are_marked():
    found = {each["name"]: each["chosen"] for each in explained(GROUPED)["combinations"]["choices"]}
    assert found["cluster update_similarity"]
    assert found["proximal term"]
    assert found["over-selection"]
    assert not found["server adam"]


def test_ranks_of_devices_stand_in_the_plan():
    ranks = {"adapter": DOCUMENT["adapter"] | {"rank_for": {"phone": 1, "laptop": 2}}}
    (plan,) = explained(DOCUMENT | ranks)["round_plans"].values()
    assert plan["client_schemas"] == ["rank 1"]
    (plain,) = explained(DOCUMENT)["round_plans"].values()
    assert plain["client_schemas"] == []


@pytest.mark.parametrize("document", [DOCUMENT, GROUPED])
def test_the_page_fits_100_columns_without_cutting_a_word(document):
    text = page(document)
    assert max(map(len, text.splitlines())) <= 100
    assert "…" not in text
    for words in (
        "accepted",
        "local.gradient_accumulation",
        "resolution 2^-k",
        "a client, a round",
    ):
        assert words in text


def test_numbers_and_truth_are_not_mixed_up():
    rows = [line.split() for line in page(DOCUMENT).splitlines()]
    assert ["local.gradient_accumulation", "1", "default"] in rows
    assert ["local.gradient_checkpointing", "no", "default"] in rows
    assert ["seed", "0", "default"] in rows


def test_a_refused_specification_is_told_every_reason():
    bad = DOCUMENT | {"cohort": {"size": 2, "minimum": 3}, "colour": 1}
    text = page(bad, described=None)
    assert "refused, for 2 reason(s)" in text
    assert "Effective values" not in text
    unsound = page(DOCUMENT | {"cohort": {"size": 2, "minimum": 3}}, described=None)
    assert "Effective values" in unsound


@pytest.fixture
def pfi(tmp_path):
    def run(document, *arguments):
        path = tmp_path / "spec.yaml"
        path.write_text(yaml.safe_dump(document))
        runner = CliRunner(env={"COLUMNS": "100"})
        return runner.invoke(program.app, ["run", "explain", str(path), *map(str, arguments)])

    return run


def test_scripts_read_the_explanation(pfi, tmp_path):
    described = tmp_path / "described.json"
    described.write_text(json.dumps(DESCRIBED))
    result = pfi(DOCUMENT, "--described", described, "--json")
    assert result.exit_code == ExitCode.DONE
    assert json.loads(result.stdout)["facts"]["coordinate_count"] == SCHEMA.coordinate_count


def test_what_cannot_be_described_is_explained_as_far_as_possible(pfi, monkeypatch):
    def refuse(*_):
        raise InvalidRequestError("pfi-agent is not installed here")

    monkeypatch.setattr("pfi_cli.submission.describe_spec", refuse)
    result = pfi(DOCUMENT)
    assert result.exit_code == ExitCode.DONE
    assert "pfi-agent is not installed here" in result.stdout
    assert command.explain.__doc__


def test_a_refused_specification_has_an_exit_status_of_its_own(pfi):
    result = pfi(DOCUMENT | {"colour": "blue"})
    assert result.exit_code == ExitCode.USAGE
    assert "colour" in result.stdout
