"""Limits of connections, the same for every service."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pfi_common.rpc.policy import POLICIES, MethodPolicy

Options = list[tuple[str, str | int]]
"""Channel arguments as gRPC takes them."""

CHUNK_BYTES = 1 << 20
"""Most payload bytes in one message."""

_MAXIMUM_MESSAGE_BYTES = 4 << 20
_SERVER_LOOKAHEAD_BYTES = 64 << 10
_CLIENT_LOOKAHEAD_BYTES = 2 << 20
_MAXIMUM_METADATA_BYTES = 16 << 10


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Limits of a server.

    Attributes:
        handshake_timeout_seconds: A connection that has not finished TLS by then is closed.
        keepalive_seconds: A connection that is silent for so long is asked for a sign of life.
        keepalive_timeout_seconds: How long it has to give one.
        minimum_ping_seconds: A peer that pings more often is disconnected.
        idle_seconds: A connection without calls for so long is closed.
        maximum_streams: Most concurrent calls of one connection.
        maximum_calls: Most concurrent calls of the server; `None` for no limit.
    """

    handshake_timeout_seconds: float = 5.0
    keepalive_seconds: float = 30.0
    keepalive_timeout_seconds: float = 15.0
    minimum_ping_seconds: float = 20.0
    idle_seconds: float = 600.0
    maximum_streams: int = 100
    maximum_calls: int | None = None

    def arguments(self) -> Options:
        """Gives the channel arguments."""
        return [
            *_common(),
            ("grpc.so_reuseport", 0),  # a second process on the port is an error, not a lottery
            ("grpc.server_handshake_timeout_ms", _milliseconds(self.handshake_timeout_seconds)),
            ("grpc.keepalive_time_ms", _milliseconds(self.keepalive_seconds)),
            ("grpc.keepalive_timeout_ms", _milliseconds(self.keepalive_timeout_seconds)),
            (
                "grpc.http2.min_ping_interval_without_data_ms",
                _milliseconds(self.minimum_ping_seconds),
            ),
            ("grpc.max_connection_idle_ms", _milliseconds(self.idle_seconds)),
            ("grpc.max_concurrent_streams", self.maximum_streams),
            # what each upload that waits may hold here; one that is read is asked for whole chunks
            ("grpc.http2.lookahead_bytes", _SERVER_LOOKAHEAD_BYTES),
        ]


def channel_arguments() -> Options:
    """Gives the channel arguments of every client."""
    return [
        *_common(),
        ("grpc.keepalive_time_ms", _milliseconds(60)),
        ("grpc.keepalive_timeout_ms", _milliseconds(15)),
        ("grpc.initial_reconnect_backoff_ms", 200),
        ("grpc.min_reconnect_backoff_ms", 1000),
        ("grpc.max_reconnect_backoff_ms", _milliseconds(10)),
        # what is on its way waits here rather than in a server, which has many such streams
        ("grpc.http2.lookahead_bytes", _CLIENT_LOOKAHEAD_BYTES),
        ("grpc.use_local_subchannel_pool", 1),  # a renewed certificate means a new connection
        ("grpc.service_config", service_config(POLICIES)),
        ("grpc.service_config_disable_resolution", 1),
    ]


def service_config(policies: Mapping[str, MethodPolicy]) -> str:
    """Writes the service config (JSON): idempotent unary methods are retried, with jitter.

    gRPC spreads each delay by 20 % and stops retrying when most calls of a channel fail.
    """
    names = [
        dict(zip(("service", "method"), method.removeprefix("/").split("/"), strict=True))
        for method, policy in policies.items()
        if policy.idempotent
    ]
    retry = {
        "maxAttempts": 4,
        "initialBackoff": "0.2s",
        "maxBackoff": "5s",
        "backoffMultiplier": 3,
        "retryableStatusCodes": ["UNAVAILABLE"],
    }
    return json.dumps(
        {
            "methodConfig": [{"name": names, "retryPolicy": retry}],
            "retryThrottling": {"maxTokens": 10, "tokenRatio": 0.1},
        }
    )


def _common() -> Options:
    return [
        ("grpc.max_receive_message_length", _MAXIMUM_MESSAGE_BYTES),
        ("grpc.max_send_message_length", _MAXIMUM_MESSAGE_BYTES),
        ("grpc.max_metadata_size", _MAXIMUM_METADATA_BYTES),
        # probing would let each stalled upload hold about 5 MiB of this process
        ("grpc.http2.bdp_probe", 0),
    ]


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
