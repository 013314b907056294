import pytest

from pfi_common.identity import Identity
from pfi_common.rpc.policy import POLICIES, Caller, caller_of


@pytest.mark.parametrize(
    ("role", "name", "caller"),
    [
        ("client", "c-1", Caller.CLIENT),
        ("client", "coordinator", Caller.CLIENT),
        ("service", "coordinator", Caller.COORDINATOR),
        ("service", "aggregator/spool-0", Caller.AGGREGATOR),
        ("service", "aggregator", None),
        ("service", "coordinator/x", None),
        ("service", "c-1", None),
        ("signer", "coordinator", None),
    ],
)
def test_the_kind_of_a_caller_is_its_role_and_name(role, name, caller):
    assert caller_of(Identity("example", role, name)) is caller


def test_the_table_cannot_be_changed():
    with pytest.raises(TypeError):
        POLICIES["/a/B"] = next(iter(POLICIES.values()))


def test_commands_are_the_coordinators_alone():
    rounds = [policy for name, policy in POLICIES.items() if ".RoundService/" in name]
    assert {policy.callers for policy in rounds} == {frozenset({Caller.COORDINATOR})}
