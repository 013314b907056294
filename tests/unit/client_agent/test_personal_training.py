import pytest
from tests.support.client_agent.learner import MemoryLearner
from tests.support.client_agent.observer import RecordingObserver
from tests.support.client_agent.rows import some_split
from tests.unit.client_agent.test_personal_store import SHARED

from pfi.coordinator.v1.task_pb2 import PersonalTraining as PersonalTask
from pfi.coordinator.v1.task_pb2 import Task
from pfi_client_agent.adapters.personal_store import PersonalStore
from pfi_client_agent.application.personal_training import PersonalTraining, personal_work
from pfi_client_agent.domain.training import BackboneReference
from pfi_common.tensors import initial_adapter

RECIPE = {"steps": 2, "learning_rate": 0.1, "batch_size": 2, "gradient_accumulation": 1,
          "maximum_tokens": 48}  # fmt: skip


class Device:
    """A device that trains a personal adapter with the twin of the learner."""

    def __init__(self, folder):
        self.learner = MemoryLearner("backbone")
        self.store = PersonalStore(folder)
        self.observer = RecordingObserver()

    def train(self, round_number=1, *, shared="a", rank=2, backbone="backbone", line="global"):
        task = Task(run="r-1", round=round_number, backbone_digest=backbone, seed=round_number)
        task.base.digest, task.base.line = shared, line
        bench = self.learner.open(BackboneReference("", "", "backbone"), SHARED)
        work = personal_work(task, PersonalTask(rank=rank, alpha=6, **RECIPE), SHARED, bench)
        training = PersonalTraining(self.store, self.observer)
        base = initial_adapter(SHARED, ord(shared))
        return training.train(work, bench, base, some_split(), lambda _: None).loss

    def meta(self):
        return self.store.find("r-1")


@pytest.fixture
def device(tmp_path):
    return Device(tmp_path / "personal")


def test_every_round_trains_it_a_little_further(device):
    first = device.train(1)
    before = device.meta()
    second = device.train(2, shared="b")
    assert device.learner.personal_trainings == 2
    assert (before.round, before.shared_digest, before.loss) == (1, "a", first)
    assert (device.meta().round, device.meta().shared_digest, device.meta().loss) == (
        2,
        "b",
        second,
    )


def test_the_second_round_goes_on_from_the_first(device, tmp_path):
    device.train(1)
    device.train(2)
    fresh = Device(tmp_path / "fresh")
    fresh.train(2)
    assert device.meta().sha256 != fresh.meta().sha256


def test_a_repeated_task_does_not_train_again(device):
    loss = device.train(1)
    assert device.train(1) == loss
    assert device.learner.personal_trainings == 1


def test_the_evaluation_trains_beside_the_final_shared_adapter(device):
    device.train(1, shared="a")
    device.train(1, shared="b")
    assert device.learner.personal_trainings == 2
    assert device.meta().shared_digest == "b"


def test_it_moves_with_its_run_to_the_line_of_a_cluster(device):
    device.train(1)
    first = device.meta()
    # The line begins with the adapter that the last round on `global` has published.
    device.train(2, shared="b", line="cluster-2")
    device.train(3, shared="c", line="cluster-2")
    assert device.learner.personal_trainings == 3
    assert (first.shared_digest, device.meta().shared_digest) == ("a", "c")
    assert not device.observer.named("personal_archived")


@pytest.mark.parametrize("change", [{"rank": 3}, {"backbone": "another"}])
def test_one_that_does_not_fit_is_archived_and_never_applied(device, change):
    device.train(1)
    old = device.meta()
    device.train(2, **change)
    assert device.observer.named("personal_archived") == [("r-1",)]
    assert (device.store.path("archive") / "r-1-1" / "meta.json").is_file()
    fresh = Device(device.store.path("elsewhere"))
    fresh.train(2, **change)
    assert device.meta().sha256 == fresh.meta().sha256 != old.sha256


def test_a_damaged_one_is_archived(device):
    device.train(1)
    path = device.store.path("r-1") / "adapter_model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    device.train(2)
    assert device.observer.named("personal_archived") == [("r-1",)]
    path = device.store.path("r-1") / "meta.json"
    path.write_text("{}")
    device.train(3)
    assert len(device.observer.named("personal_archived")) == 2
    assert device.meta().round == 3
