"""Has values that people give the Helm chart, and looks at what the chart makes of them."""

from __future__ import annotations

from tests.deploy.manifests import Object, only

HOST = {"hosts": ["pad.example.org"], "ingress": {"enabled": True}}
SMALL: Object = HOST
PRODUCTION: Object = {
    **HOST,
    "redis": {"own": False},
    "settings": {"PADFLEET_COMMIT_REPLICAS": 1},
    "writer": {"spread": "DoNotSchedule", "autoscaling": {"enabled": True}},
    "fanout": {"autoscaling": {"enabled": True}},
    "monitoring": {"enabled": True, "rules": False},
}
EVERYTHING: Object = {
    **PRODUCTION,
    "cold": {"url": "s3://bucket/pads", "credentials": "store", "claim": "pads"},
    "env": [{"name": "AWS_REGION", "value": "eu-west-1"}],
    "monitoring": {
        "enabled": True,
        "by": "service",
        "dashboard": True,
        "fleet": "school",
        "labels": {"release": "prometheus"},
    },
    "networkPolicy": {
        "clients": [{"namespaceSelector": {"matchLabels": {"name": "edge"}}}],
        "egress": [{"ports": [{"port": 443, "protocol": "TCP"}]}],
    },
    "tracing": {"share": 0.001},
    "volumes": [{"name": "keys", "secret": {"secretName": "keys"}}],
    "volumeMounts": [{"name": "keys", "mountPath": "/keys", "readOnly": True}],
    "image": {"pullSecrets": ["registry"], "digest": "sha256:" + "0" * 64},
    "serviceAccount": {"annotations": {"role": "pads"}},
    "balancer": {"service": {"type": "LoadBalancer", "annotations": {"kind": "tcp"}}},
    "settingsFrom": {"PADFLEET_API_KEY": {"secret": "api", "key": "key"}},
}
WAYS = {
    "default": {},
    "small": SMALL,
    "production": PRODUCTION,
    "everything": EVERYTHING,
    "no balancer": {"balancer": {"enabled": False}, "opsService": True},
    "no policies": {"networkPolicy": {"enabled": False}, "podDisruptionBudgets": False},
}


def workloads(objects: list[Object]) -> list[Object]:
    """Returns the Deployments and StatefulSets."""
    return [one for one in objects if one["kind"] in ("Deployment", "StatefulSet")]


def workload(objects: list[Object], component: str) -> Object:
    """Returns the workload of a component."""
    (found,) = [
        one
        for one in workloads(objects)
        if one["metadata"]["labels"]["app.kubernetes.io/component"] == component
    ]
    return found


def settings_of(objects: list[Object], process: str) -> dict[str, str]:
    """Returns the settings that the process is given outside of secrets."""
    data: dict[str, str] = only(objects, "ConfigMap", f"padfleet-{process}")["data"]
    return data
