"""Numbers to show before a run."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.common.spec.builders import SCHEMA, description, spec

from pfi_common.errors import SchemaMismatchError
from pfi_common.spec import run_facts


def test_facts_follow_from_spec_and_description() -> None:
    made = spec(
        preset="fedprox",
        cohort={"size": 10, "over_select": 1.2},
        encoding={"upload": "int8_block"},
        stop={"rounds": 3},
        local={"batch_size": 2, "gradient_accumulation": 4},
    )
    facts = run_facts(made, description())
    assert facts.paper is not None
    assert facts.paper.startswith("Li et al. 2020")
    assert facts.coordinate_count == 1024
    assert facts.adapter_share == 1024 / 100_000
    assert facts.selected_clients == 12
    assert facts.rows_per_step == 8
    assert facts.upload_bytes_per_client == 1024 + 4 * 4
    assert facts.upload_bytes_per_round == 12 * 1040
    assert facts.download_bytes_per_client == 4096
    assert facts.transfer_bytes_per_run == 3 * 12 * (1040 + 4096)
    assert facts.full_upload_bytes_per_client == 400_000
    # 10 * 12 * 4096 * 256 < 2^27
    assert facts.fraction_bits == 62 - 27
    assert facts.resolution == 2.0**-35


def test_downloads_count_in_the_form_that_clients_get() -> None:
    made = spec(encoding={"upload": "int4_block", "download": "int8_block"})
    facts = run_facts(made, description())
    assert facts.upload_bytes_per_client == 512 + 4 * 4
    assert facts.download_bytes_per_client == 1024 + 4 * 4


def test_without_a_preset_there_is_no_paper() -> None:
    assert run_facts(spec(), description()).paper is None


def test_facts_need_the_right_description() -> None:
    with pytest.raises(SchemaMismatchError):
        run_facts(spec(), description(replace(SCHEMA, rank=4)))
