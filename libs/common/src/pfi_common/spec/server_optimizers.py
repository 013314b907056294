"""How the mean change of a round moves the shared adapter."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pfi_common.spec.part import LearningRate, SpecPart

Share = Annotated[float, Field(ge=0, lt=1)]
Adaptivity = Annotated[float, Field(gt=0, le=1)]


class ServerSgd(SpecPart):
    """FedAvg with learning rate 1 and momentum 0; FedAvgM with momentum."""

    name: Literal["sgd"] = "sgd"
    """m = momentum * m + delta; w = w + learning_rate * m"""
    learning_rate: LearningRate = 1.0
    """Step along the mean change"""
    momentum: Share = 0.0
    """Share of the last step that is kept"""


class ServerAdam(SpecPart):
    """FedAdam (Reddi et al. 2021, "Adaptive Federated Optimization", algorithm 2)."""

    name: Literal["adam"] = "adam"
    """w = w + learning_rate * m / (sqrt(v) + tau), m and v running means of delta and delta^2"""
    learning_rate: LearningRate
    """Step size; it has no default, since none works everywhere"""
    beta1: Share = 0.9
    """Share of the running mean of the change that is kept"""
    beta2: Share = 0.99
    """Share of the running mean of the squared change that is kept"""
    tau: Adaptivity = 1e-3
    """Added to the root of v: the degree of adaptivity"""


class ServerYogi(SpecPart):
    """FedYogi (Reddi et al. 2021, "Adaptive Federated Optimization", algorithm 2)."""

    name: Literal["yogi"] = "yogi"
    """As adam, but v moves by (1 - beta2) * delta^2 towards delta^2, whatever lies between"""
    learning_rate: LearningRate
    """Step size; it has no default, since none works everywhere"""
    beta1: Share = 0.9
    """Share of the running mean of the change that is kept"""
    beta2: Share = 0.99
    """1 - beta2 is the share of delta^2 that v moves by"""
    tau: Adaptivity = 1e-3
    """Added to the root of v: the degree of adaptivity"""


class ServerAdagrad(SpecPart):
    """FedAdagrad (Reddi et al. 2021, "Adaptive Federated Optimization", algorithm 2)."""

    name: Literal["adagrad"] = "adagrad"
    """As adam, but v is the sum of all delta^2 so far, so steps grow smaller"""
    learning_rate: LearningRate
    """Step size; it has no default, since none works everywhere"""
    beta1: Share = 0.0
    """Share of the running mean of the change that is kept"""
    tau: Adaptivity = 1e-3
    """Added to the root of v: the degree of adaptivity"""


ServerOptimizer = Annotated[
    ServerSgd | ServerAdam | ServerYogi | ServerAdagrad, Field(discriminator="name")
]
