"""Who may import what."""

import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name
from tests.architecture.tree import (
    REPOSITORY,
    distributions,
    imported_modules,
    product_files,
    python_files,
    short,
)

TRAINING_LIBRARIES = {"torch", "transformers", "peft"}
REST_LIBRARIES = {"fastapi", "starlette", "uvicorn"}


def test_the_layers_of_pyproject_hold():
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_training_libraries_are_imported_in_the_agents_adapters_alone():
    allowed = distributions()["pfi-client-agent"].package / "adapters"
    offenders = [
        f"{short(path)} imports {module}"
        for path in product_files()
        for module in imported_modules(path)
        if module.split(".")[0] in TRAINING_LIBRARIES and not path.is_relative_to(allowed)
    ]
    assert offenders == []


def test_only_the_agent_requires_training_libraries():
    requiring = {
        name
        for name, distribution in distributions().items()
        if TRAINING_LIBRARIES & {requirement.name for requirement in distribution.requirements}
    }
    assert requiring == {"pfi-client-agent"}


def test_what_services_share_works_without_the_libraries_of_rest_apis():
    common = distributions()["pfi-common"].package
    offenders = [
        f"{short(path)} imports {module}"
        for path in python_files(common)
        for module in imported_modules(path)
        if (module.split(".")[0] in REST_LIBRARIES or module.startswith("pfi_common.rest"))
        and not path.is_relative_to(common / "rest")
    ]
    assert offenders == []


@pytest.mark.parametrize("name", distributions())
def test_every_import_is_a_declared_requirement(name):
    distribution = distributions()[name]
    declared = {canonicalize_name(item.name) for item in distribution.requirements} | {name}
    for requirement in distribution.requirements:
        if requirement.name in distributions():
            # A service takes what it shares with pfi-common (grpc, pydantic, numpy) from there.
            shared = distributions()[requirement.name].requirements
            declared |= {canonicalize_name(item.name) for item in shared}
    providers = packages_distributions()
    undeclared = set()
    for path in python_files(distribution.package):
        for module in imported_modules(path):
            top = module.split(".")[0]
            if top in sys.stdlib_module_names or module.startswith(
                ("google.protobuf", "google.rpc")
            ):
                continue
            given = {canonicalize_name(provider) for provider in providers.get(top, [top])}
            if top == "pfi":
                given = {"pfi-common"}
            if not given & declared:
                undeclared.add(f"{short(path)} imports {module}")
    assert undeclared == set()
