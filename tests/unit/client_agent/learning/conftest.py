from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from pfi_client_agent.adapters.digest_cache import DigestCache
from pfi_client_agent.adapters.learning.learner import TorchLearner
from pfi_client_agent.adapters.learning.lora import lora_schema
from pfi_client_agent.adapters.learning.skeleton import open_skeleton
from pfi_client_agent.domain.training import BackboneReference, StepOptions
from pfi_common.tensors import Schema, initial_adapter


@dataclass(frozen=True)
class Shape:
    rank: int = 4
    alpha: int = 8
    target_modules: tuple[str, ...] = ("q_proj", "v_proj")


@dataclass(frozen=True)
class Bench:
    """A learner's workbench on the tiny backbone, and what it was opened with."""

    folder: Path
    reference: BackboneReference
    schema: Schema
    learner: TorchLearner

    @property
    def workbench(self):
        return self.learner.open(self.reference, self.schema)

    def base(self, seed=1):
        return initial_adapter(self.schema, seed)


def options(**changes):
    values = {"steps": 4, "batch_size": 2, "gradient_accumulation": 1, "learning_rate": 0.01,
              "proximal_mu": 0.0, "maximum_tokens": 48, "seed": 9}  # fmt: skip
    return StepOptions(**(values | changes))


def open_bench(folder, cache_folder, shape=None):
    cache = DigestCache(cache_folder / "backbones.json")
    skeleton = open_skeleton(folder)
    reference = BackboneReference(str(folder), "", skeleton.digest(cache))
    learner = TorchLearner(cache, None, threads=1, held_out_limit=100)
    return Bench(folder, reference, lora_schema(skeleton.model, shape or Shape()), learner)


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def bench(backbone_folder, tmp_path_factory):
    return open_bench(backbone_folder, tmp_path_factory.mktemp("cache"))
