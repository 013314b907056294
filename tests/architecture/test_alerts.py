"""Alerts speak of metrics that exist, each has a test and a page that says what to do."""

import re
import shutil
import subprocess

import pytest
import yaml
from tests.architecture.tree import REPOSITORY

from pfi_coordinator.domain.why import WaitReason

FOLDER = REPOSITORY / "observability" / "prometheus"
RULES = [
    rule
    for group in yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
]
TESTS = yaml.safe_load((FOLDER / "alerts_test.yaml").read_text())["tests"]
DECLARED = {
    entry["name"]
    for entries in yaml.safe_load((FOLDER.parent / "metrics.yaml").read_text()).values()
    for entry in entries
}
PROMTOOL = shutil.which("promtool")


def name_of(rule):
    return rule["alert"]


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_an_alert_asks_for_declared_metrics_and_known_reasons(rule):
    assert set(re.findall(r"pfi_\w+", rule["expr"])) <= DECLARED
    for named in re.findall(r'reason=~?"([^"]+)"', rule["expr"]):
        assert set(named.split("|")) <= {reason.value for reason in WaitReason}


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_an_alert_names_a_section_that_says_what_to_do(rule):
    page, _, section = rule["annotations"]["runbook"].partition("#")
    assert f"## {name_of(rule)}\n" in (REPOSITORY / page).read_text()
    assert section == name_of(rule).lower()


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_an_alert_is_seen_to_fire_and_to_keep_quiet(rule):
    fired = [
        bool(case["exp_alerts"])
        for test in TESTS
        for case in test["alert_rule_test"]
        if case["alertname"] == name_of(rule)
    ]
    assert set(fired) == {True, False}


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed (tools/system_packages.sh)")
def test_prometheus_agrees():
    assert PROMTOOL is not None
    command = [PROMTOOL, "test", "rules", str(FOLDER / "alerts_test.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
