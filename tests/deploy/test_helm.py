"""Tests that a cluster accepts what Helm makes of the chart, and that it equals
deploy/kubernetes."""

from __future__ import annotations

import re
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy import monitors
from tests.deploy.documented import commands
from tests.deploy.helm import CHART, Helm
from tests.deploy.manifests import (
    Object,
    containers,
    of_kind,
    only,
    rendered,
)
from tests.deploy.releases import EVERYTHING, HOST, PRODUCTION, SMALL, WAYS, workload, workloads

VERSION = "1.31"


@pytest.mark.parametrize("way", WAYS)
def test_lint_finds_nothing(way: str, helm: Helm) -> None:
    assert [said for grave, said in helm.lint(WAYS[way]) if grave > 1] == []


@pytest.mark.parametrize("way", ["small", "everything", "no balancer"])
def test_a_cluster_takes_it(way: str, helm: Helm) -> None:
    import kubernetes_validate

    names = set()
    for found in helm.objects(WAYS[way], tests=True):
        assert (found["kind"], found["metadata"]["name"]) not in names
        names.add((found["kind"], found["metadata"]["name"]))
        if monitors.is_of_the_operator(found):
            monitors.check(found)
        else:
            kubernetes_validate.validate(found, VERSION, strict=True)


def test_fields_that_the_operator_does_not_have_are_found(helm: Helm) -> None:
    objects = helm.objects({"monitoring": {"enabled": True}})
    monitor = only(objects, "PodMonitor")
    assert next(monitors.faults(monitor), None) is None
    for wrong in ({"jobLabels": "x"}, {"podMetricsEndpoints": [{"interval": "15"}]}):
        assert next(monitors.faults({**monitor, "spec": {**monitor["spec"], **wrong}}))


@pytest.mark.parametrize("way", WAYS)
def test_pods_are_restricted(way: str, helm: Helm) -> None:
    objects = helm.objects(WAYS[way], tests=True)
    pods = [one["spec"] for one in of_kind(objects, "Pod")]
    pods += [one["spec"]["template"]["spec"] for one in workloads(objects)]
    assert len(pods) >= 3
    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
        assert pod["automountServiceAccountToken"] is False
        for container in pod["containers"]:
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["readOnlyRootFilesystem"] is True
            assert context["capabilities"]["drop"] == ["ALL"]
            assert "memory" in container["resources"]["limits"]


@pytest.mark.parametrize("way", WAYS)
def test_what_is_named_is_there(way: str, helm: Helm) -> None:
    objects = helm.objects(WAYS[way])
    pods = [one["spec"]["template"]["metadata"]["labels"] for one in workloads(objects)]
    selectors = [one["spec"]["selector"] for one in of_kind(objects, "Service")]
    for kind, key in (("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector")):
        selectors += [one["spec"][key]["matchLabels"] for one in of_kind(objects, kind)]
    for wanted in selectors:
        assert any(wanted.items() <= have.items() for have in pods), wanted
    there = {(one["kind"], one["metadata"]["name"]) for one in objects}
    for scaler in of_kind(objects, "HorizontalPodAutoscaler"):
        target = scaler["spec"]["scaleTargetRef"]
        assert (target["kind"], target["name"]) in there
    for one in workloads(objects):
        for container in containers(one):
            for source in container.get("envFrom", []):
                if "configMapRef" in source:
                    assert ("ConfigMap", source["configMapRef"]["name"]) in there


def test_two_releases_in_one_namespace_have_nothing_in_common(helm: Helm) -> None:
    """They share neither names nor pods; a long name is cut."""
    one, other = helm.objects(EVERYTHING, "school"), helm.objects(EVERYTHING, "a" * 53)
    names = [{(o["kind"], o["metadata"]["name"]) for o in release} for release in (one, other)]
    assert not names[0] & names[1]
    assert max(len(name) for _, name in names[1]) <= 63
    pods = [
        o["spec"]["template"]["metadata"]["labels"]
        for o in other
        if "template" in o.get("spec", {})
    ]
    for policy in of_kind(one, "NetworkPolicy"):
        wanted = policy["spec"]["podSelector"]["matchLabels"]
        assert not any(wanted.items() <= have.items() for have in pods)


# --- the same as deploy/kubernetes ----------------------------------------------------------------

_OF_HELM = ("instance", "managed-by", "version")


def meaning(objects: list[Object]) -> dict[tuple[str, str], Any]:
    """Returns each object's spec by kind and name, without what only one of the two ways has:
    Helm's labels and the release's name before other names, and Kustomize's hashes after them."""
    found = {}
    for one in objects:
        name = _plain(one["metadata"]["name"], objects)
        spec = {
            key: value
            for key, value in one.items()
            if key not in ("apiVersion", "kind", "metadata")
        }
        found[one["kind"], name] = _without_helm(spec, objects)
    return found


def _plain(name: str, objects: list[Object]) -> str:
    for one in of_kind(objects, "ConfigMap"):
        if name == one["metadata"]["name"]:
            name = re.sub(r"-[a-z0-9]{10}$", "", name)
    return re.sub(r"\bpadfleet-(?=[a-z])", "", name)


def _without_helm(found: Any, objects: list[Object]) -> Any:
    if isinstance(found, list):
        return [_without_helm(part, objects) for part in found]
    if isinstance(found, str):
        return _plain(found, objects)
    if not isinstance(found, dict):
        return found
    if "configMapKeyRef" in found.get("valueFrom", {}):
        source = found["valueFrom"]["configMapKeyRef"]
        data = only(objects, "ConfigMap", source["name"])["data"]
        found = {"name": found["name"], "value": data[source["key"]]}
    return {
        key: _without_helm(part, objects)
        for key, part in found.items()
        if not key.startswith(("helm.sh/", "padfleet/", "nginx."))
        and key.removeprefix("app.kubernetes.io/") not in _OF_HELM
        and (key, part) != ("imagePullPolicy", "IfNotPresent")
        and not (key == "annotations" and all(name.startswith("padfleet/") for name in part))
    }


@pytest.mark.parametrize(("overlay", "values"), [("small", SMALL), ("production", PRODUCTION)])
def test_it_is_what_kustomize_makes(overlay: str, values: Object, helm: Helm) -> None:
    """Everything in each object is the same, except for names."""
    ours, theirs = meaning(helm.objects(values)), meaning(rendered(overlay))
    theirs.pop(("Namespace", "padfleet"))
    theirs.pop(("ConfigMap", "edge"))
    assert ours.keys() == theirs.keys()
    for key, spec in theirs.items():
        assert ours[key] == spec, key


def test_its_default_has_all_of_the_base(helm: Helm) -> None:
    """The default includes the chart's own Redis and HAProxy, but no Ingress, which needs a
    name."""
    ours = meaning(helm.objects())
    theirs = meaning(rendered("small"))
    left_out = {("Namespace", "padfleet"), ("ConfigMap", "edge"), ("Ingress", "padfleet")}
    assert ours.keys() == theirs.keys() - left_out


@pytest.mark.parametrize("overlay", ["small", "production"])
def test_an_ingress_has_the_annotations_of_the_other(overlay: str, helm: Helm) -> None:
    ours = only(helm.objects(HOST), "Ingress")["metadata"]["annotations"]
    assert ours == only(rendered(overlay), "Ingress")["metadata"]["annotations"]


def test_larger_files_pass_the_ingress_where_workers_take_them(helm: Helm) -> None:
    values = {**HOST, "settings": {"PADFLEET_IMPORT_MAX_BYTES": 100 << 20}}
    said = only(helm.objects(values), "Ingress")["metadata"]["annotations"]
    assert said["nginx.ingress.kubernetes.io/proxy-body-size"] == "101m"


def test_a_pod_may_have_other_limits(helm: Helm) -> None:
    """Some clusters let no pod in without a limit for the processor."""
    fanout = workload(helm.objects({"fanout": {"resources": {"limits": {"cpu": 2}}}}), "fanout")
    (container,) = containers(fanout)
    assert container["resources"]["limits"] == {"cpu": 2, "memory": "1Gi"}


def test_a_worker_has_the_time_to_drain(helm: Helm) -> None:
    fanout = workload(helm.objects({"fanout": {"drainSeconds": 300}}), "fanout")
    pod = fanout["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    pause = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] >= pause + 300 + 10
    assert fanout["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_a_change_rolls_the_pods_that_it_is_about_and_no_others(helm: Helm) -> None:
    def pods(values: Object) -> dict[str, Object]:
        objects = helm.objects({"redis": {"own": False}, **values})
        return {
            c: workload(objects, c)["spec"]["template"] for c in ("fanout", "writer", "balancer")
        }

    before = pods({})
    for changed, settings in (
        ("writer", {"PADFLEET_CACHED_PADS": 100}),
        ("fanout", {"PADFLEET_MAX_SOCKETS": 100}),
    ):
        after = pods({"settings": settings})
        assert [one for one in before if before[one] != after[one]] == [changed]
    after = pods({"fanout": {"tag": "0.0.9"}})
    assert [one for one in before if before[one] != after[one]] == ["fanout"]


def test_clients_have_no_way_to_the_operators_port(helm: Helm) -> None:
    for way in WAYS.values():
        objects = helm.objects(way)
        for service in of_kind(objects, "Service"):
            ports = [port["targetPort"] for port in service["spec"]["ports"]]
            assert ports == (["ops"] if service["metadata"]["name"].endswith("-ops") else ports)
            assert "ops" not in ports or service["metadata"]["name"].endswith("-ops")
        for policy in of_kind(objects, "NetworkPolicy"):
            for rule in policy["spec"].get("ingress", []):
                if "ops" in {port["port"] for port in rule.get("ports", [])}:
                    assert [list(source) for source in rule["from"]] == [["namespaceSelector"]]


@pytest.mark.parametrize("by", ["pods", "service"])
def test_what_watches_finds_both_kinds_of_process(by: str, helm: Helm) -> None:
    """Its series have a job that the dashboard and the alerts know."""
    objects = helm.objects({"monitoring": {"enabled": True, "by": by, "fleet": "school"}})
    kind, ends = (
        ("PodMonitor", "podMetricsEndpoints") if by == "pods" else ("ServiceMonitor", "endpoints")
    )
    for found in filter(monitors.is_of_the_operator, objects):
        monitors.check(found)
    monitor = only(objects, kind)["spec"]
    assert monitor["jobLabel"] == "app.kubernetes.io/name"
    assert [end["port"] for end in monitor[ends]] == ["ops"]
    assert monitor[ends][0]["relabelings"] == [{"targetLabel": "fleet", "replacement": "school"}]
    wanted = monitor["selector"]["matchLabels"].items()
    if by == "service":
        (service,) = [
            s for s in of_kind(objects, "Service") if wanted <= s["metadata"]["labels"].items()
        ]
        assert service["metadata"]["labels"]["app.kubernetes.io/name"] == "padfleet"
        wanted = service["spec"]["selector"].items()
    seen = [
        one["metadata"]["labels"]["app.kubernetes.io/component"]
        for one in of_kind(objects, "Deployment")
        if wanted <= one["spec"]["template"]["metadata"]["labels"].items()
    ]
    assert sorted(seen) == ["fanout", "writer"]
    alerts = yaml.safe_load((CHART / "files" / "alerts.yml").read_text())
    assert only(objects, "PrometheusRule")["spec"] == alerts


def test_a_package_has_all_that_the_chart_is_made_of(helm: Helm, tmp_path: Path) -> None:
    """The files that it shares with deploy/, too."""
    with tarfile.open(helm.packaged(tmp_path)) as package:
        names = {name.removeprefix("padfleet/") for name in package.getnames()}
        for shared in ("haproxy.cfg", "alerts.yml", "dashboard.json"):
            found = package.extractfile(f"padfleet/files/{shared}")
            assert found is not None
            assert found.read() == (CHART / "files" / shared).read_bytes()
    assert names == {str(p.relative_to(CHART)) for p in CHART.rglob("*") if p.is_file()}


# --- what its pages say ---------------------------------------------------------------------------


def test_the_commands_of_its_page_are_ones_that_helm_takes(helm: Helm) -> None:
    """Each with its values, which render."""
    found = [command.words for command in commands(CHART / "README.md")]
    printed = [words for words in found if words[:1] == ["helm"]]
    assert len(printed) >= 6
    for words in printed:
        match words:
            case [
                "helm",
                "-n",
                "padfleet",
                "install" | "upgrade",
                "padfleet",
                "deploy/helm/padfleet",
                *rest,
            ]:
                given = [word for word in rest if word not in ("--set", "--reuse-values")]
                assert rest.count("--set") == len(given)
                helm.templates(helm.parsed(",".join(given)))
            case ["helm", "-n", "padfleet", "test", "padfleet"]:
                assert "tests/pad.yaml" in helm.templates()
            case _:
                pytest.fail(f"nobody knows whether {words} is right")


@pytest.mark.parametrize("way", WAYS)
def test_the_notes_name_what_is_there(way: str, helm: Helm) -> None:
    notes = helm.templates(WAYS[way], "school")["NOTES.txt"]
    there = {one["metadata"]["name"] for one in helm.objects(WAYS[way], "school")}
    for name in re.findall(r"(?:deployment|service)/([\w-]+)", notes):
        assert name in there
    assert "create secret generic school-padfleet-redis" in notes
    assert "<no value>" not in notes
    assert ("https://pad.example.org/p/hello" in notes) == ("ingress" in WAYS[way])
