"""Small simulated runs for tests."""

from dataclasses import replace

from pfi_coordinator.domain.rules import RunRules
from pfi_coordinator.domain.simulation.assumptions import Assumptions, Scenario, Work
from pfi_coordinator.domain.simulation.device_model import DeviceModel, Failures, Zones
from pfi_coordinator.domain.simulation.simulation import Simulation

WORK = Work(
    coordinates=1_000_000,
    download_bytes=4_000_000,
    upload_bytes=1_000_000,
    train_tokens=10_000.0,
    evaluate_tokens=1_000.0,
)
ALWAYS_ON = DeviceModel(zones=Zones(always_on=1.0), failures=Failures(0.0, 0.0))
"""Devices that never leave and never fail."""


def rules(**changes) -> RunRules:
    values = {
        "rounds": 3,
        "selected_count": 26,
        "size": 20,
        "minimum": 10,
        "deadline_seconds": 600.0,
        "seed": 7,
        "encoding": "fp32",
    }
    return RunRules(**(values | changes))


def simulation(changed_rules=None, devices=None, observe=None, work=WORK, **scenario) -> Simulation:
    values = {"clients": 400, "seed": 3, "begin_hour": 20.0}
    assumptions = Assumptions() if devices is None else replace(Assumptions(), devices=devices)
    return Simulation(
        changed_rules or rules(), work, assumptions, Scenario(**(values | scenario)), observe
    )
