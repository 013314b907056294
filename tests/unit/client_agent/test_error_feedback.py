"""What an encoding loses of counted updates is made up for, once each, whatever is killed when."""

import random
from types import SimpleNamespace

import numpy as np
import pytest
from tests.support.client_agent.observer import RecordingObserver

from pfi.coordinator.v1.task_pb2 import Task
from pfi_client_agent.adapters.residual_store import ResidualStore
from pfi_client_agent.application.update_encoding import UpdateEncoding
from pfi_client_agent.domain.encoded_update import encode_update
from pfi_common.tensors import BF16, FP32, INT4_BLOCK, INT8_BLOCK, Schema, Tensor, decode

SCHEMA = Schema(
    (
        Tensor("layers.0.q_proj.lora_A.weight", (2, 200)),
        Tensor("layers.0.q_proj.lora_B.weight", (150, 2)),
    ),
    rank=2,
    alpha=4,
    target_modules=("q_proj",),
)
COUNT = SCHEMA.coordinate_count
ENCODINGS = [BF16, INT8_BLOCK, INT4_BLOCK]


class Device:
    """One client of a run: its folder, what it sent, and what the federation counted."""

    def __init__(self, folder, encoding=INT4_BLOCK):
        self.folder, self.encoding = folder, encoding
        self.counted_round = 0
        self.true = np.zeros(COUNT)
        self.sent = np.zeros(COUNT)
        self.observer = RecordingObserver()

    def place(self):
        """As a process that has just started has it."""
        return SimpleNamespace(residuals=ResidualStore(self.folder), observer=self.observer)

    def task(self, number, *, feedback=True, line="global"):
        task = Task(run="r-1", round=number, seed=number)
        task.base.line, task.base.schema_digest = line, SCHEMA.digest
        task.schema.CopyFrom(SCHEMA.to_proto())
        task.train.upload_encoding, task.train.error_feedback = self.encoding, feedback
        task.train.counted_round = self.counted_round
        return task

    def work(self, number, delta, *, feedback=True):
        """Trains and sends; gives what the federation decodes."""
        task, place = self.task(number, feedback=feedback), self.place()
        place.residuals.keep_only(task.run, task.base.line, {task.train.counted_round, task.round})
        encoded = UpdateEncoding(task, place).encode(delta)
        return decode(self.encoding, encoded.payload, COUNT)

    def count(self, number, delta, decoded):
        """The round is published with this update in it."""
        self.counted_round = number
        self.true += delta
        self.sent += decoded

    def residual(self):
        if not self.counted_round:
            return np.zeros(COUNT)
        key = SimpleNamespace(run="r-1", line="global", round=self.counted_round)
        return self.place().residuals.find(key, SCHEMA.digest)


def change(generator):
    return generator.normal(0, 1e-3, COUNT).astype(np.float32)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_sum_of_what_is_decoded_follows_the_sum_of_changes(tmp_path, encoding):
    device, generator = Device(tmp_path, encoding), np.random.default_rng(1)
    for number in range(1, 41):
        delta = change(generator)
        decoded = device.work(number, delta)
        device.count(number, delta, decoded)
        highest = np.abs(delta).max() + np.abs(device.residual()).max()
        step = {BF16: highest * 2.0**-7, INT8_BLOCK: highest / 127, INT4_BLOCK: highest / 7}
        # One quantisation step at most, after 40 rounds as after the first.
        assert np.abs(device.true - device.sent).max() <= step[encoding] / 2 * 1.1 + 1e-6
    np.testing.assert_allclose(device.true - device.sent, device.residual(), atol=1e-8)


def test_without_feedback_the_error_grows(tmp_path):
    generator = np.random.default_rng(1)
    errors = {}
    for feedback in (True, False):
        device = Device(tmp_path / str(feedback))
        for number in range(1, 61):
            delta = change(generator)
            device.count(number, delta, device.work(number, delta, feedback=feedback))
        errors[feedback] = np.linalg.norm(device.true - device.sent)
    assert errors[True] < 0.25 * errors[False]


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_lost_or_fed_back_twice_whatever_happens(tmp_path, seed):
    """Rounds are counted, missed, aborted and tried again; the agent is killed at every point."""
    chance, generator = random.Random(seed), np.random.default_rng(seed)
    device = Device(tmp_path)
    for number in range(1, 31):
        fate = chance.choice(["counted", "counted", "too late", "aborted", "not selected"])
        if fate == "not selected":
            continue
        delta = change(generator)
        for _ in range(chance.choice([0, 0, 1, 2])):
            # Killed after the residual was written and before the update was: trained again, on
            # data that may be another by now.
            delta = change(generator)
            device.work(number, delta)
        decoded = device.work(number, delta)
        if fate == "aborted":
            # The next attempt of the round asks again, and the same bytes are made.
            np.testing.assert_array_equal(device.work(number, delta), decoded)
            fate = chance.choice(["counted", "too late"])
        if fate == "counted":
            device.count(number, delta, decoded)
        np.testing.assert_allclose(device.true - device.sent, device.residual(), atol=1e-8)
    assert not device.observer.named("residual_missing")


def test_what_an_attempt_lost_is_forgotten_when_the_next_one_asks_for_another_encoding(tmp_path):
    device, generator = Device(tmp_path), np.random.default_rng(5)
    delta = change(generator)
    device.work(1, delta)
    device.encoding = FP32
    device.count(1, delta, device.work(1, delta, feedback=False))
    device.encoding = INT4_BLOCK
    assert device.residual() is None
    later = change(generator)
    alone = decode(INT4_BLOCK, encode_update(INT4_BLOCK, later, seed=None).payload, COUNT)
    np.testing.assert_array_equal(device.work(2, later), alone)


def test_a_device_that_lost_its_folder_goes_on_and_says_so(tmp_path):
    device, generator = Device(tmp_path / "old"), np.random.default_rng(3)
    delta = change(generator)
    device.count(1, delta, device.work(1, delta))
    device.folder = tmp_path / "new"
    expected = encode_update(INT4_BLOCK, delta, None)
    np.testing.assert_array_equal(
        device.work(2, delta), decode(INT4_BLOCK, expected.payload, COUNT)
    )
    assert len(device.observer.named("residual_missing")) == 1


def test_without_feedback_rounding_is_random_and_seeded_by_the_task(tmp_path):
    device, delta = Device(tmp_path), change(np.random.default_rng(4))
    first, again = (device.work(1, delta, feedback=False) for _ in "ab")
    other = device.work(2, delta, feedback=False)
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert not tmp_path.joinpath("r-1").exists()


def test_the_relative_error_is_that_of_an_independent_formula():
    update = change(np.random.default_rng(5))
    for encoding in (FP32, *ENCODINGS):
        encoded = encode_update(encoding, update, None)
        exact = update.astype(np.float64)
        lost = exact - decode(encoding, encoded.payload, COUNT)
        expected = np.linalg.norm(lost) / np.linalg.norm(exact)
        assert encoded.relative_error == pytest.approx(expected, rel=1e-3)
    assert encode_update(FP32, update, None).relative_error == 0.0
    assert encode_update(INT4_BLOCK, np.zeros(COUNT, np.float32), None).relative_error == 0.0
