"""Fields of one variant that are written with another, refused with the reason.

They are looked at before the document is read, where they would only be unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

_ADAPTIVE = {"adam": "FedAdam", "yogi": "FedYogi", "adagrad": "FedAdagrad"}
_MOMENT_FIELDS = ("beta1", "beta2", "tau")


def document_problems(server: object) -> Iterator[str]:
    """Finds fields of one server optimiser that are given with another, in `server_optimizer`."""
    if not isinstance(server, Mapping):
        return
    name = server.get("name")
    if isinstance(name, str) and name in _ADAPTIVE and "momentum" in server:
        yield (
            f"server_optimizer.momentum with name {name}: {_ADAPTIVE[name]} keeps moments of its"
            " own, momentum would be applied twice. Remove momentum and set beta1, or use name sgd."
        )
    if name == "adagrad" and "beta2" in server:
        yield (
            "server_optimizer.beta2 with name adagrad: its second moment is a sum that forgets"
            " nothing, so beta2 would do nothing. Remove it, or use name adam or yogi."
        )
    moments = [field for field in _MOMENT_FIELDS if field in server]
    if name == "sgd" and moments:
        yield (
            f"server_optimizer.{moments[0]} with name sgd: sgd has no second moment, so it would do"
            " nothing. Remove it, or use name adam."
        )
