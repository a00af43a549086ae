"""What `kubectl kustomize` makes of each overlay is what a cluster takes, and fits together."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from shared.settings import FanoutSettings, WriterSettings
from shared.settings.declare import specs

KUBERNETES = Path(__file__).parents[2] / "deploy" / "kubernetes"
OVERLAYS = ("small", "production", "loadtest")
VERSION = "1.31"

Object = dict[str, Any]


def rendered(overlay: str) -> list[Object]:
    return rendered_from(KUBERNETES / "overlays" / overlay)


def rendered_from(folder: Path) -> list[Object]:
    if shutil.which("kubectl") is None:
        pytest.skip("there is no kubectl")
    done = subprocess.run(
        ["kubectl", "kustomize", "--load-restrictor=LoadRestrictionsNone", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def of_kind(objects: list[Object], kind: str) -> Iterator[Object]:
    return (found for found in objects if found["kind"] == kind)


def containers(found: Object) -> list[Object]:
    return list(found["spec"]["template"]["spec"]["containers"])


WORKLOADS = ("Deployment", "StatefulSet", "Job")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_cluster_takes_it(overlay: str) -> None:
    import kubernetes_validate

    for found in rendered(overlay):
        if found["apiVersion"].startswith("monitoring.coreos.com/"):
            continue  # the operator's own kinds
        kubernetes_validate.validate(found, VERSION, strict=True)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pods_are_restricted(overlay: str) -> None:
    """As Pod Security's profile `restricted` wants it, which the namespace enforces."""
    objects = rendered(overlay)
    for kind in WORKLOADS:
        for workload in of_kind(objects, kind):
            pod = workload["spec"]["template"]["spec"]
            assert pod["securityContext"]["runAsNonRoot"] is True
            assert pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
            assert pod["automountServiceAccountToken"] is False
            for container in pod["containers"]:
                context = container["securityContext"]
                assert context["allowPrivilegeEscalation"] is False
                assert context["readOnlyRootFilesystem"] is True
                assert context["capabilities"]["drop"] == ["ALL"]
                assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
                assert "memory" in container["resources"]["limits"]


@pytest.mark.parametrize("overlay", ["small", "production"])
def test_settings_are_ones_that_there_are(overlay: str) -> None:
    """An unknown variable keeps a process from starting."""
    objects = rendered(overlay)
    for prefix, settings in (
        ("padfleet-fanout", FanoutSettings),
        ("padfleet-writer", WriterSettings),
    ):
        (found,) = (
            m for m in of_kind(objects, "ConfigMap") if m["metadata"]["name"].startswith(prefix)
        )
        known = {spec.env: spec for spec in specs(settings)}
        for name, value in found["data"].items():
            known[name].parse(value)


@pytest.mark.parametrize("overlay", ["small", "production"])
def test_what_is_named_is_there(overlay: str) -> None:
    objects = rendered(overlay)
    maps = {m["metadata"]["name"] for m in of_kind(objects, "ConfigMap")}
    labels = [
        w["spec"]["template"]["metadata"]["labels"]
        for kind in WORKLOADS
        for w in of_kind(objects, kind)
    ]

    def selects_something(wanted: dict[str, str]) -> bool:
        return any(wanted.items() <= have.items() for have in labels)

    for kind in WORKLOADS:
        for workload in of_kind(objects, kind):
            for container in containers(workload):
                for source in container.get("envFrom", []):
                    assert source["configMapRef"]["name"] in maps
    for service in of_kind(objects, "Service"):
        assert selects_something(service["spec"]["selector"]), service["metadata"]
    for budget in of_kind(objects, "PodDisruptionBudget"):
        assert selects_something(budget["spec"]["selector"]["matchLabels"]), budget["metadata"]
    for policy in of_kind(objects, "NetworkPolicy"):
        assert selects_something(policy["spec"]["podSelector"]["matchLabels"]), policy["metadata"]
    names = {w["metadata"]["name"] for w in of_kind(objects, "Deployment")}
    for scaler in of_kind(objects, "HorizontalPodAutoscaler"):
        assert scaler["spec"]["scaleTargetRef"]["name"] in names


@pytest.mark.parametrize("overlay", ["small", "production"])
def test_a_rolling_update_drops_nobody(overlay: str) -> None:
    """A worker has the time to drain, and its successor is there before."""
    objects = rendered(overlay)
    (fanout,) = (d for d in of_kind(objects, "Deployment") if d["metadata"]["name"] == "fanout")
    (settings,) = (
        m
        for m in of_kind(objects, "ConfigMap")
        if m["metadata"]["name"].startswith("padfleet-fanout")
    )
    pod = fanout["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    pause = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    drain = int(settings["data"]["PADFLEET_DRAIN_MS"]) / 1000
    assert pod["terminationGracePeriodSeconds"] >= pause + drain + 10
    for name in ("fanout", "writer", "balancer"):
        (found,) = (d for d in of_kind(objects, "Deployment") if d["metadata"]["name"] == name)
        assert found["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


@pytest.mark.parametrize("overlay", ["small", "production"])
def test_probes_are_split_as_health_is(overlay: str) -> None:
    for workload in of_kind(rendered(overlay), "Deployment"):
        if workload["metadata"]["name"] not in ("fanout", "writer"):
            continue
        (container,) = containers(workload)
        assert container["livenessProbe"]["httpGet"]["path"] == "/health/live"
        assert container["readinessProbe"]["httpGet"]["path"] == "/health/ready"
        assert container["securityContext"]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        if workload["metadata"]["name"] == "fanout":
            worker = FanoutSettings()
            assert ports == {"http": worker.port, "ops": worker.ops[1]}
        else:
            assert ports == {"ops": WriterSettings().port}


def test_clients_have_no_way_to_the_operators_port() -> None:
    """Not over a Service, not by a network policy but the monitoring's."""
    objects = rendered("production")
    for service in of_kind(objects, "Service"):
        if service["metadata"]["name"] == "fanout":
            assert [port["targetPort"] for port in service["spec"]["ports"]] == ["http"]
    for policy in of_kind(objects, "NetworkPolicy"):
        for rule in policy["spec"].get("ingress", []):
            open_ports = {port["port"] for port in rule.get("ports", [])}
            if "ops" in open_ports:
                (source,) = rule["from"]
                assert "namespaceSelector" in source
    for monitor in of_kind(objects, "PodMonitor"):
        assert [end["port"] for end in monitor["spec"]["podMetricsEndpoints"]] == ["ops"]


def test_no_password_is_in_a_file() -> None:
    """Production names a secret, and does not have it."""
    objects = rendered("production")
    assert not list(of_kind(objects, "Secret"))
    for workload in of_kind(objects, "Deployment"):
        for container in containers(workload):
            for variable in container.get("env", []):
                if variable["name"] == "PADFLEET_REDIS_URL":
                    assert variable["valueFrom"]["secretKeyRef"]["name"] == "padfleet-redis"


def test_tracing_is_a_component(tmp_path: Path) -> None:
    """Every process has the same share, and may speak to the collector that it is told of."""
    place = os.path.relpath(KUBERNETES.resolve(), tmp_path.resolve())
    (tmp_path / "kustomization.yaml").write_text(
        yaml.safe_dump(
            {
                "apiVersion": "kustomize.config.k8s.io/v1beta1",
                "kind": "Kustomization",
                "resources": [f"{place}/overlays/production"],
                "components": [f"{place}/components/tracing"],
            }
        )
    )
    objects = rendered_from(tmp_path)
    settings = [
        m["data"]
        for m in of_kind(objects, "ConfigMap")
        if m["metadata"]["name"].startswith(("padfleet-fanout", "padfleet-writer"))
    ]
    assert len(settings) == 2
    assert len({found["PADFLEET_TRACE_SHARE"] for found in settings}) == 1
    assert all(found["PADFLEET_LOG_FORMAT"] == "json" for found in settings), "what was set stays"
    (port,) = {urlsplit(found["OTEL_EXPORTER_OTLP_ENDPOINT"]).port for found in settings}
    (policy,) = (
        p for p in of_kind(objects, "NetworkPolicy") if p["metadata"]["name"] == "to-collector"
    )
    assert policy["spec"]["egress"][0]["ports"] == [{"port": port, "protocol": "TCP"}]
