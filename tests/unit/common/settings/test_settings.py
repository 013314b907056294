from typing import Literal

import pytest
from pydantic import Field, ValidationError
from pydantic_settings import SettingsConfigDict

from pfi_common.errors import SettingsInvalidError
from pfi_common.settings import ServiceSettings, load_settings


class AggregatorLike(ServiceSettings):
    """Settings with a field of each kind."""

    model_config = SettingsConfigDict(env_prefix="PFI_AGGREGATOR_")

    spool_name: str = Field(description="a name such as spool-0", pattern=r"^[a-z0-9-]+$")
    retain_settled: bool = Field(default=False, description="true or false")
    grace_seconds: float = Field(default=30, gt=0, description="seconds, above 0")
    peers: dict[str, str] = Field(default_factory=dict, description="JSON object of addresses")
    level: Literal["INFO", "WARNING"] = Field(default="INFO", description="INFO or WARNING")


class CommandLineLike(ServiceSettings):
    """Settings whose prefix is a part of the services'."""

    model_config = SettingsConfigDict(env_prefix="PFI_")

    state: str = Field(default=".pfi", description="a folder")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def message(cls) -> str:
    with pytest.raises(SettingsInvalidError) as caught:
        load_settings(cls)
    return caught.value.message


def test_settings_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("PFI_AGGREGATOR_SPOOL_NAME", "spool-0")
    monkeypatch.setenv("PFI_AGGREGATOR_RETAIN_SETTLED", "true")
    monkeypatch.setenv("PFI_AGGREGATOR_PEERS", '{"spool-1": "host:1"}')
    settings = load_settings(AggregatorLike)
    assert settings.spool_name == "spool-0"
    assert settings.retain_settled
    assert settings.peers == {"spool-1": "host:1"}
    assert settings.grace_seconds == 30


def test_settings_do_not_change(monkeypatch):
    monkeypatch.setenv("PFI_AGGREGATOR_SPOOL_NAME", "spool-0")
    settings = load_settings(AggregatorLike)
    with pytest.raises(ValidationError):
        settings.spool_name = "spool-1"


def test_a_missing_variable_is_named_with_what_it_should_be():
    assert message(AggregatorLike) == (
        "PFI_AGGREGATOR_SPOOL_NAME: is not set; it should be: a name such as spool-0"
    )


def test_every_bad_variable_is_named_and_no_value_is_repeated(monkeypatch):
    monkeypatch.setenv("PFI_AGGREGATOR_SPOOL_NAME", "s3cret!")
    monkeypatch.setenv("PFI_AGGREGATOR_GRACE_SECONDS", "-1")
    monkeypatch.setenv("PFI_AGGREGATOR_PEERS", "not JSON s3cret")
    monkeypatch.setenv("PFI_AGGREGATOR_LEVEL", "s3cret")
    text = message(AggregatorLike)
    for name, wanted in {
        "SPOOL_NAME": "a name such as spool-0",
        "GRACE_SECONDS": "seconds, above 0",
        "PEERS": "JSON object of addresses",
        "LEVEL": "INFO or WARNING",
    }.items():
        (line,) = [item for item in text.splitlines() if item.startswith(f"PFI_AGGREGATOR_{name}:")]
        assert line.endswith(f"; it should be: {wanted}")
    assert "s3cret" not in text


def test_a_misspelt_variable_is_named(monkeypatch):
    monkeypatch.setenv("PFI_AGGREGATOR_SPOOL_NAME", "spool-0")
    monkeypatch.setenv("PFI_AGGREGATOR_SPOLL", "/x")
    assert message(AggregatorLike).startswith("PFI_AGGREGATOR_SPOLL: there is no such setting")


@pytest.mark.parametrize(
    "name",
    ["SERVICE_HOST", "SERVICE_PORT", "SERVICE_PORT_GRPC", "PORT", "PORT_8443_TCP_ADDR"],
)
def test_what_kubernetes_adds_for_a_service_is_not_minded(monkeypatch, name):
    monkeypatch.setenv("PFI_AGGREGATOR_SPOOL_NAME", "spool-0")
    monkeypatch.setenv(f"PFI_AGGREGATOR_{name}", "tcp://10.0.0.1:8443")
    assert load_settings(AggregatorLike).spool_name == "spool-0"


def test_the_command_line_does_not_mind_the_services_variables(monkeypatch):
    monkeypatch.setenv("PFI_AGGREGATOR_SPOOL_NAME", "spool-0")
    monkeypatch.setenv("PFI_STATE", "here")
    assert load_settings(CommandLineLike).state == "here"


def test_a_file_called_env_is_not_read(tmp_path):
    (tmp_path / ".env").write_text("PFI_AGGREGATOR_SPOOL_NAME=spool-9\n")
    assert "is not set" in message(AggregatorLike)
