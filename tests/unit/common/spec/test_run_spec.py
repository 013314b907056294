"""Reading specifications: defaults, presets, and the way back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from tests.unit.common.spec.builders import document, spec

from pfi_common.spec import (
    PRESETS,
    NoClusters,
    RunSpec,
    ServerAdam,
    ServerSgd,
    UpdateSimilarity,
    parse_run_spec,
)


def test_defaults_are_those_of_the_reference() -> None:
    made = spec()
    assert made.adapter.target_modules == ("q_proj", "v_proj")
    assert made.local.learning_rate == 2e-4
    assert made.personalize.method == "none"
    assert made.cohort.minimum == made.cohort.size == 4
    assert made.cohort.deadline == timedelta(minutes=10)
    assert made.server_optimizer == ServerSgd()
    assert made.preset is None
    assert made.cluster == NoClusters()


def test_the_minimum_follows_the_size() -> None:
    assert spec(cohort={"size": 9}).cohort.minimum == 9
    assert spec(cohort={"size": 9, "minimum": 3}).cohort.minimum == 3


@pytest.mark.parametrize(
    ("size", "over_select", "selected"),
    [(4, 1.0, 4), (10, 1.1, 11), (100, 1.3, 130), (3, 1.5, 5), (7, 1.01, 8), (1, 10.0, 10)],
)
def test_selection_rounds_up_in_decimal(size: int, over_select: float, selected: int) -> None:
    made = spec(cohort={"size": size, "over_select": over_select})
    assert made.selected_count == made.cohort.selected_count == selected


def test_whole_numbers_may_stand_for_numbers() -> None:
    assert (
        spec(server_optimizer={"name": "sgd", "learning_rate": 1}).server_optimizer == ServerSgd()
    )


def test_clusters_have_the_defaults_of_the_reference() -> None:
    cluster = spec(cluster={"method": "update_similarity"}).cluster
    assert isinstance(cluster, UpdateSimilarity)
    assert (cluster.count, cluster.maximum_count, cluster.probe_round) == ("auto", 8, 1)
    assert (cluster.minimum_size, cluster.minimum_silhouette) == (2, 0.2)


@pytest.mark.parametrize(("count", "fewest"), [("auto", 2), (2, 2), (3, 3)])
def test_the_fewest_clusters_follow_the_count(count: str | int, fewest: int) -> None:
    made = spec(cluster={"method": "update_similarity", "count": count}, cohort={"size": 6})
    assert isinstance(made.cluster, UpdateSimilarity)
    assert made.cluster.fewest == fewest


def test_modules_are_sorted() -> None:
    made = spec(adapter={"target_modules": ["v_proj", "k_proj"]})
    assert made.adapter.target_modules == ("k_proj", "v_proj")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"preset": "fedprox"},
        {"cohort": {"size": 9, "deadline": "1h30m"}, "seed": 5},
        {"personalize": {"method": "dual_adapter", "rank": 2}},
        {"server_optimizer": {"name": "adam", "learning_rate": 0.01}},
        {"preset": "fedyogi"},
        {"server_optimizer": {"name": "adagrad", "learning_rate": 0.01, "beta1": 0.9}},
        {"aggregate": {"clip_norm": 3.5}, "encoding": {"upload": "int8_block"}},
        {"cluster": {"method": "update_similarity"}},
        {"cluster": {"method": "update_similarity", "count": 2, "minimum_silhouette": 0}},
    ],
)
def test_what_is_stored_is_read_again(changes: dict[str, Any]) -> None:
    made = spec(**changes)
    assert parse_run_spec(made.model_dump(mode="json")) == made
    assert RunSpec.model_validate_json(made.model_dump_json()) == made


def test_fedprox_fills_the_proximal_term() -> None:
    assert spec(preset="fedprox").local.proximal_mu == 0.01
    assert spec(preset="fedprox", local={"steps": 3}).local.proximal_mu == 0.01
    assert spec(preset="fedprox", local={"proximal_mu": 0.5}).local.proximal_mu == 0.5
    assert spec(preset="fedavg").local.proximal_mu == 0.0


def test_another_optimiser_takes_nothing_of_a_preset() -> None:
    made = spec(preset="fedprox", server_optimizer={"name": "adam", "learning_rate": 0.1})
    assert made.server_optimizer == ServerAdam(learning_rate=0.1)
    assert made.local.proximal_mu == 0.01


def test_a_preset_completes_a_part_of_an_optimiser() -> None:
    made = spec(preset="fedavg", server_optimizer={"momentum": 0.9})
    assert made.server_optimizer == ServerSgd(momentum=0.9)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_presets_are_valid_and_name_their_papers(name: str) -> None:
    assert spec(preset=name).preset == name
    assert any(character.isdigit() for character in PRESETS[name].paper)


def test_presets_are_the_ones_that_the_field_permits() -> None:
    schema = RunSpec.model_json_schema()["properties"]["preset"]
    assert schema["anyOf"][0]["enum"] == list(PRESETS)


def test_specifications_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        spec().seed = 3  # type: ignore[misc]


def test_a_document_is_not_changed_by_reading() -> None:
    given = document(preset="fedprox", local={"steps": 2})
    parse_run_spec(given)
    assert given == document(preset="fedprox", local={"steps": 2})
