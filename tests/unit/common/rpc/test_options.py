import json

from pfi_common.rpc.options import CHUNK_BYTES, ServerOptions, channel_arguments, service_config
from pfi_common.rpc.policy import POLICIES


def test_idempotent_methods_are_retried_and_no_other():
    config = json.loads(service_config(POLICIES))
    (method_config,) = config["methodConfig"]
    named = {f"/{item['service']}/{item['method']}" for item in method_config["name"]}
    assert named == {name for name, policy in POLICIES.items() if policy.idempotent}
    assert "/pfi.aggregator.v1.UpdateService/UploadUpdate" not in named
    assert method_config["retryPolicy"]["retryableStatusCodes"] == ["UNAVAILABLE"]


def test_both_sides_have_the_same_message_limits():
    server, client = dict(ServerOptions().arguments()), dict(channel_arguments())
    for name in (
        "grpc.max_receive_message_length",
        "grpc.max_send_message_length",
        "grpc.max_metadata_size",
        "grpc.http2.bdp_probe",
    ):
        assert server[name] == client[name]
    assert server["grpc.max_receive_message_length"] == 4 * 1024 * 1024
    assert server["grpc.http2.bdp_probe"] == 0


def test_what_is_on_its_way_waits_at_the_client():
    server, client = dict(ServerOptions().arguments()), dict(channel_arguments())
    assert server["grpc.http2.lookahead_bytes"] == 64 * 1024
    assert client["grpc.http2.lookahead_bytes"] == 2 * CHUNK_BYTES


def test_clients_ping_less_often_than_servers_forbid():
    server, client = dict(ServerOptions().arguments()), dict(channel_arguments())
    allowed = server["grpc.http2.min_ping_interval_without_data_ms"]
    assert client["grpc.keepalive_time_ms"] > allowed


def test_options_are_in_milliseconds():
    arguments = dict(ServerOptions(handshake_timeout_seconds=1.5).arguments())
    assert arguments["grpc.server_handshake_timeout_ms"] == 1500
