"""Every method has one policy: who may call it and for how long."""

import importlib
import pkgutil

import pytest
from google.protobuf.descriptor import MethodDescriptor

import pfi
from pfi_common.rpc.policy import POLICIES, Caller, Deadline

HEALTH = {"/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch"}


def methods() -> dict[str, MethodDescriptor]:
    """Every method of every service in the generated code, by its full name."""
    names = [item.name for item in pkgutil.walk_packages(pfi.__path__, "pfi.")]
    modules = [importlib.import_module(name) for name in names if name.endswith("_pb2")]
    return {
        f"/{service.full_name}/{method.name}": method
        for module in modules
        for service in module.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }


def test_every_method_has_a_policy_and_every_policy_a_method():
    assert set(POLICIES) == set(methods()) | HEALTH


def test_only_enrolment_and_health_are_open_to_anyone():
    open_methods = {name for name, policy in POLICIES.items() if Caller.ANYONE in policy.callers}
    enrolment = {name for name in methods() if ".EnrolmentService/" in name}
    assert open_methods == enrolment | HEALTH


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_somebody_may_call_it(name):
    assert POLICIES[name].callers


@pytest.mark.parametrize("name", sorted(methods()))
def test_channels_repeat_unary_methods_alone(name):
    method, policy = methods()[name], POLICIES[name]
    if policy.idempotent:
        assert not method.client_streaming
        assert not method.server_streaming


@pytest.mark.parametrize("name", sorted(methods()))
def test_only_streams_go_without_a_deadline(name):
    method = methods()[name]
    if POLICIES[name].deadline is Deadline.STREAM:
        assert method.client_streaming or method.server_streaming
