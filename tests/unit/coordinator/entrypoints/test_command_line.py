import pytest
from tests.support.clock import ManualClock

from pfi_common.clock import SystemClock
from pfi_common.errors import InvalidRequestError, SettingsInvalidError
from pfi_common.identity import load_identity, load_signer
from pfi_coordinator.bootstrap.identities import initialise, issue_service
from pfi_coordinator.main import main

HOSTS = ("localhost", "127.0.0.1")


def init(folder, *more):
    return main(["init", "--state", str(folder), "--federation", "test", *more])


def test_init_may_be_repeated_and_keeps_what_is_good(tmp_path, capsys):
    assert init(tmp_path) == 0
    first = load_identity(tmp_path / "identity")
    assert init(tmp_path) == 0
    assert load_identity(tmp_path / "identity") == first
    assert first.identity.uri == "spiffe://test/service/coordinator"
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == printed[1]
    assert load_signer(tmp_path / "identity")


def test_a_new_host_gives_a_new_certificate_over_the_same_key(tmp_path):
    init(tmp_path)
    first = load_identity(tmp_path / "identity")
    init(tmp_path, "--host", "pfi.example", "--host", "10.0.0.1")
    second = load_identity(tmp_path / "identity")
    assert second.certificate != first.certificate
    assert second.key_pem == first.key_pem


def test_an_identity_that_is_about_to_end_is_renewed(tmp_path):
    clock = ManualClock(SystemClock().now())
    initialise(tmp_path, "test", HOSTS, clock)
    first = load_identity(tmp_path / "identity").certificate
    clock.advance(336 * 86_400)
    initialise(tmp_path, "test", HOSTS, clock)
    assert load_identity(tmp_path / "identity").certificate != first


def test_identities_of_services(tmp_path, capsys):
    init(tmp_path)
    out = tmp_path / "out"
    arguments = ["issue-service", "--state", str(tmp_path), "--out", str(out), "--service"]
    assert main([*arguments, "aggregator/spool-0"]) == 0
    assert load_identity(out).identity.name == "aggregator/spool-0"
    assert main([*arguments, "coordinator"]) == 1
    assert "--service must be aggregator/<spool>" in capsys.readouterr().err


def test_another_federation_is_not_overwritten(tmp_path, capsys):
    init(tmp_path)
    arguments = ["init", "--state", str(tmp_path), "--federation", "other"]
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith("pfi-coordinator: SETTINGS_INVALID: ")
    assert len(error.splitlines()) >= 2


def test_services_need_an_authority(tmp_path):
    with pytest.raises(SettingsInvalidError):
        issue_service(tmp_path, "aggregator/spool-0", tmp_path / "out", HOSTS, SystemClock())
    with pytest.raises(InvalidRequestError):
        issue_service(tmp_path, "worker", tmp_path / "out", HOSTS, SystemClock())


@pytest.mark.parametrize("command", ["serve", "accept-empty-store"])
def test_missing_settings_are_named(command, monkeypatch, capsys):
    for name in ("STATE", "REDIS_URL", "ARTIFACTS_URL", "AGGREGATORS"):
        monkeypatch.delenv(f"PFI_COORDINATOR_{name}", raising=False)
    assert main([command]) == 1
    assert "PFI_COORDINATOR_REDIS_URL: is not set" in capsys.readouterr().err


def test_wrong_usage_is_exit_code_2(capsys):
    for arguments in ([], ["nothing"], ["create-api-key", "--name", "n", "--scope", "all"]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 2
    assert "invalid choice: 'all'" in capsys.readouterr().err
