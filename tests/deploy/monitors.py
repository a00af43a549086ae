"""Checks objects of the Prometheus operator's own kinds, as far as our manifests use them.

The schemas are written by hand, after version 0.80 of its API. There are packages with models of
the whole of it, such as cloudcoil-models-prometheus-operator; but we use a dozen of its fields, and
a further dependency would have to be locked and kept up to date for them. A field that is missing
here is one that nobody has looked up, and fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.deploy.manifests import Object

GROUP = "monitoring.coreos.com/"


def _object(required: str = "", **fields: Any) -> Object:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": required.split(),
        "properties": fields,
    }


def _list(of: Object) -> Object:
    return {"type": "array", "items": of}


TEXT: Object = {"type": "string"}
NAMED: Object = {"type": "string", "minLength": 1}
TEXTS: Object = {"type": "object", "additionalProperties": TEXT}
LABELS: Object = {
    "type": "object",
    "additionalProperties": {
        "type": "string",
        "maxLength": 63,
        "pattern": "^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?$",
    },
}
DURATION: Object = {
    "type": "string",
    "minLength": 1,
    "pattern": "^(0|([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?)$",
}
METADATA = _object("name", name=NAMED, namespace=TEXT, labels=LABELS, annotations=TEXTS)
ENDPOINT = _object(
    port=NAMED,
    path=TEXT,
    interval=DURATION,
    relabelings=_list(
        _object(
            sourceLabels=_list(TEXT),
            targetLabel=TEXT,
            replacement=TEXT,
            regex=TEXT,
            action={"enum": ["replace", "keep", "drop", "labelmap", "labeldrop", "labelkeep"]},
        )
    ),
)
MONITOR = {
    "selector": _object("matchLabels", matchLabels=LABELS),
    "jobLabel": TEXT,
    "podTargetLabels": _list(TEXT),
}
RULE = _object(
    "expr",
    alert=NAMED,
    expr=NAMED,
    labels=TEXTS,
    annotations=TEXTS,
    **{"for": DURATION},
)
SPECS = {
    "PodMonitor": _object("selector", **MONITOR, podMetricsEndpoints=_list(ENDPOINT)),
    "ServiceMonitor": _object("selector endpoints", **MONITOR, endpoints=_list(ENDPOINT)),
    "PrometheusRule": _object(groups=_list(_object("name", name=NAMED, rules=_list(RULE)))),
}


def is_of_the_operator(found: Object) -> bool:
    version: str = found["apiVersion"]
    return version.startswith(GROUP)


def check(found: Object) -> None:
    assert [*faults(found)] == []


def faults(found: Object) -> Iterator[str]:
    """Yields what is wrong with an object. Raises KeyError for a kind that nobody has looked up."""
    # It comes with kubernetes-validate.
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

    schema = _object(
        "apiVersion kind metadata spec",
        apiVersion={"const": f"{GROUP}v1"},
        kind=TEXT,
        metadata=METADATA,
        spec=SPECS[found["kind"]],
    )
    for fault in Draft202012Validator(schema).iter_errors(found):
        yield f"{fault.json_path}: {fault.message}"
