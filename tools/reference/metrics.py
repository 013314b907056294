"""The page of metrics, from their declaration."""

from pathlib import Path
from typing import Any

import yaml

from tools.reference.tables import code, table

DECLARATION = Path(__file__).resolve().parents[2] / "observability" / "metrics.yaml"

HEAD = """# Metrics

Generated from `observability/metrics.yaml` (`make reference`); do not edit.

Every process serves these at `/metrics` in the Prometheus text format. Label values come from
closed sets; no client id is ever a label.
"""


def metrics_page() -> str:
    """The whole page."""
    declared = yaml.safe_load(DECLARATION.read_text()) if DECLARATION.is_file() else {}
    services = declared.get("services", declared) or {}
    return "\n".join([HEAD, *(_section(name, listed) for name, listed in services.items())])


def _section(service: str, listed: list[dict[str, Any]]) -> str:
    rows = [
        (code(item["name"]), item["type"], _labels(item.get("labels") or {}), item["help"])
        for item in listed
    ]
    return f"## {service}\n\n" + table(("metric", "type", "labels", "meaning"), rows)


def _labels(labels: dict[str, Any]) -> str:
    texts = []
    for name, values in labels.items():
        shown = ", ".join(map(str, values)) if isinstance(values, list) else code(str(values))
        texts.append(f"`{name}`: {shown}")
    return "; ".join(texts)
