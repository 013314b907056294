"""What a task says of a classifier, and the rows that it can use."""

import pytest
from tests.support.client_agent.rows import labelled_rows, mixed_rows

from pfi.common.v1.adapter_pb2 import TASK_TYPE_CAUSAL_LM, TASK_TYPE_SEQUENCE_CLASSIFICATION
from pfi.coordinator.v1.task_pb2 import (
    HEAD_PLACEMENT_PERSONAL,
    HEAD_PLACEMENT_SHARED,
    HEAD_PLACEMENT_UNSPECIFIED,
    Task,
)
from pfi_client_agent.application.task_facts import classification_of, rows_of, split_of
from pfi_client_agent.domain.classification import Classification
from pfi_client_agent.domain.local_data import LocalData
from pfi_client_agent.domain.rows import TextRow
from pfi_client_agent.domain.split import TooFewRowsError
from pfi_common.errors import SpecInvalidError


def task_of(labels=("wet", "dry"), head=HEAD_PLACEMENT_SHARED) -> Task:
    task = Task(run="r-1", held_out_fraction=0.3, held_out_seed=2)
    task.schema.task_type = TASK_TYPE_SEQUENCE_CLASSIFICATION
    task.classification.labels.extend(labels)
    task.classification.head, task.classification.head_seed = head, 7
    return task


def data_of(rows) -> LocalData:
    data = LocalData("rows.jsonl")
    for row in rows:
        data.add(row)
    return data


def test_a_classifier_knows_its_labels_and_where_its_head_stays():
    assert classification_of(task_of()) == Classification(("wet", "dry"), False, 7)
    assert classification_of(task_of(head=HEAD_PLACEMENT_PERSONAL)).head_is_personal
    plain = Task()
    plain.schema.task_type = TASK_TYPE_CAUSAL_LM
    assert classification_of(plain) is None


@pytest.mark.parametrize(
    "task",
    [
        task_of(labels=["wet"]),
        task_of(labels=["wet", "wet"]),
        task_of(head=HEAD_PLACEMENT_UNSPECIFIED),
        Task(classification=task_of().classification),
        Task(schema=task_of().schema),
    ],
)
def test_malformed_classifications_are_refused(task):
    with pytest.raises(SpecInvalidError, match="classification"):
        classification_of(task)


def test_rows_without_a_known_label_are_left_out():
    rows = [*labelled_rows(12), TextRow("no label"), TextRow("odd", "snow"), *mixed_rows(6)]
    found = rows_of(task_of(), data_of(rows))
    assert list(found.values()) == labelled_rows(12)
    split = split_of(task_of(), data_of(rows))
    assert len(split.training) + len(split.held_out) == 12
    plain = Task(held_out_fraction=0.3)
    plain.schema.task_type = TASK_TYPE_CAUSAL_LM
    assert len(rows_of(plain, data_of(rows))) == len(rows)


def test_a_file_without_labels_says_so():
    with pytest.raises(TooFewRowsError, match=r"0 of the 6 rows of rows\.jsonl .* wet, dry"):
        split_of(task_of(), data_of(mixed_rows(6)))
