"""Tests that a cluster accepts what `kubectl kustomize` makes of each overlay, and that the objects
fit together."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from padfleet.shared.settings import FanoutSettings, WriterSettings
from padfleet.shared.settings.declare import specs
from tests.deploy import monitors
from tests.deploy.manifests import (
    KUBERNETES,
    WORKLOADS,
    Object,
    containers,
    of_kind,
    only,
    rendered,
    rendered_from,
)

OVERLAYS = ("small", "production", "loadtest")
FLEETS = ("small", "production")
VERSION = "1.31"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_cluster_takes_it(overlay: str) -> None:
    import kubernetes_validate

    for found in rendered(overlay):
        if monitors.is_of_the_operator(found):
            monitors.check(found)
        else:
            kubernetes_validate.validate(found, VERSION, strict=True)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pods_are_restricted(overlay: str) -> None:
    """They meet Pod Security's profile `restricted`, which the namespace enforces."""
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
    """No Service leads there, and no network policy but the monitoring's."""
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


@pytest.mark.parametrize("overlay", FLEETS)
def test_no_pod_starts_with_a_redis_that_asks_for_no_password(overlay: str) -> None:
    """There is no password in the repository, and it cannot be left out."""
    objects = rendered(overlay)
    assert not list(of_kind(objects, "Secret"))
    for redis in of_kind(objects, "StatefulSet"):
        (container,) = containers(redis)
        words = container["args"]
        assert words[words.index("--requirepass") + 1] == "$(REDIS_PASSWORD)"
        assert "--protected-mode" not in words
        for variable in container["env"]:
            source = variable["valueFrom"]["secretKeyRef"]
            assert source == {"name": "padfleet-redis", "key": "password"}


@pytest.mark.parametrize("overlay", FLEETS)
def test_processes_with_a_read_only_root_have_a_place_for_files(overlay: str) -> None:
    objects = rendered(overlay)
    for workload in of_kind(objects, "Deployment"):
        if workload["metadata"]["name"] not in ("fanout", "writer"):
            continue
        (container,) = containers(workload)
        (mount,) = [m for m in container["volumeMounts"] if m["name"] == "tmp"]
        assert mount["mountPath"] == "/" + mount["name"]
        (volume,) = [
            v for v in workload["spec"]["template"]["spec"]["volumes"] if v["name"] == "tmp"
        ]
        assert volume["emptyDir"]["sizeLimit"]


@pytest.mark.parametrize("overlay", FLEETS)
def test_the_client_is_known_through_ingress_and_balancer(overlay: str) -> None:
    """The balancer takes the ingress controller's word, and workers both of theirs."""
    objects = rendered(overlay)
    edge = only(objects, "ConfigMap", "padfleet-edge")
    settings = only(objects, "ConfigMap", "padfleet-fanout")["data"]
    trusted = settings["PADFLEET_TRUSTED_PROXIES"].split(",")
    assert set(edge["data"]["EDGE_PROXIES"].split()) <= set(trusted)
    balancer = next(
        d for d in of_kind(objects, "Deployment") if d["metadata"]["name"] == "balancer"
    )
    (container,) = containers(balancer)
    (source,) = [v["valueFrom"] for v in container["env"] if v["name"] == "EDGE_PROXIES"]
    assert source["configMapKeyRef"]["name"] == edge["metadata"]["name"]


def ingress_of(overlay: str, folder: Path) -> tuple[Object, dict[str, str]]:
    """Returns the Ingress, and the settings of the workers behind it."""
    if overlay == "etherpad":
        objects = with_components(folder, "ingress-etherpad")
    else:
        objects = rendered(overlay)
    return only(objects, "Ingress"), only(objects, "ConfigMap", "padfleet-fanout")["data"]


def with_components(folder: Path, component: str) -> list[Object]:
    """Renders the base, the balancer and an ingress, which is none of the existing overlays."""
    place = os.path.relpath(KUBERNETES.resolve(), folder.resolve())
    (folder / "kustomization.yaml").write_text(
        yaml.safe_dump(
            {
                "apiVersion": "kustomize.config.k8s.io/v1beta1",
                "kind": "Kustomization",
                "resources": [f"{place}/base"],
                "components": [f"{place}/components/haproxy", f"{place}/components/{component}"],
            }
        )
    )
    return rendered_from(folder)


@pytest.mark.parametrize("overlay", [*FLEETS, "etherpad"])
def test_alone_the_fleet_has_pages_and_otherwise_the_etherpad(overlay: str, tmp_path: Path) -> None:
    _, settings = ingress_of(overlay, tmp_path)
    assert settings.get("PADFLEET_PAGE", "on") == ("off" if overlay == "etherpad" else "on")


@pytest.mark.parametrize("overlay", [*FLEETS, "etherpad"])
def test_an_ingress_speaks_tls_for_the_names_that_workers_know(
    overlay: str, tmp_path: Path
) -> None:
    ingress, settings = ingress_of(overlay, tmp_path)
    (rule,), (tls,) = ingress["spec"]["rules"], ingress["spec"]["tls"]
    assert tls["hosts"] == [rule["host"]]
    assert tls["secretName"]
    assert rule["host"] in settings["PADFLEET_HOSTS"].split(",")
    said = ingress["metadata"]["annotations"]
    prefix = "nginx.ingress.kubernetes.io"
    assert said[f"{prefix}/force-ssl-redirect"] == "true"
    largest = int(said[f"{prefix}/proxy-body-size"].removesuffix("m")) << 20
    assert largest > FanoutSettings().import_max_bytes
    longest = (FanoutSettings().ping_interval_ms + FanoutSettings().ping_timeout_ms) / 1000
    assert int(said[f"{prefix}/proxy-read-timeout"]) > longest


def test_tracing_is_a_component(tmp_path: Path) -> None:
    """Every process has the same share, and may speak to the collector that it is told about."""
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
