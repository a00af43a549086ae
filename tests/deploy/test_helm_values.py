"""Values of the Helm chart: every setting can be given, and bad ones are refused with a reason."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from deploy.helm.make import CHART, FILES
from deploy.helm.nodes import leaves
from deploy.helm.values import FANOUT, GIVEN, SECRET, SETTINGS, VALUES, WRITER
from padfleet.shared.settings.declare import SettingSpec
from tests.deploy.helm import Helm, Refused
from tests.deploy.manifests import Object, containers, only
from tests.deploy.releases import HOST, settings_of, workload


@pytest.mark.parametrize("name", FILES)
def test_what_is_made_of_the_values_is_current(name: str) -> None:
    assert FILES[name]() == (CHART / name).read_text(), "run `make reference`"


def test_every_value_is_described() -> None:
    silent = [path for path, node in leaves(VALUES) if len(node["description"].split()) < 2]
    assert silent == []


def test_values_of_the_chart_name_settings_that_there_are() -> None:
    """This holds for the settings that values say they give, and for everything in the table of
    what is given."""
    text = json.dumps(VALUES)
    named = set(re.findall(r"PADFLEET_[A-Z_]+", text))
    assert named <= SETTINGS.keys()
    assert GIVEN.keys() <= SETTINGS.keys()
    values = {path for path, _ in leaves(VALUES)}
    for given in GIVEN.values():
        for path in re.findall(r"\b[a-z]+(?:\.[a-zA-Z]+)?\b", given.partition(":")[0]):
            assert path in {*values, "or", "the", "chart"}, path


def test_the_chart_has_the_version_of_padfleet() -> None:
    import tomllib

    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    project = tomllib.loads((CHART.parents[2] / "pyproject.toml").read_text())["project"]
    assert chart["version"] == chart["appVersion"] == project["version"]


# --- settings -------------------------------------------------------------------------------------


def example(spec: SettingSpec) -> Any:
    """Returns a value that is not the default, as somebody would write it in YAML."""
    if spec.choices:
        word = next(word for word in spec.choices if word != spec.default)
        return yaml.safe_load(word)
    if spec.type is bool:
        return not spec.default
    if spec.type in (int, float):
        most = spec.declared.maximum
        return most if most is not None and most != spec.default else spec.default + 1
    if isinstance(spec.default, tuple):
        return ["https://a.example.org", "https://b.example.org"]
    return "90d" if spec.env == "PADFLEET_PRUNE_UNUSED" else "two words: #1\nand a line"


FREE = sorted(SETTINGS.keys() - GIVEN.keys() - set(SECRET))


def test_every_setting_that_no_value_gives_reaches_the_processes_that_have_it(helm: Helm) -> None:
    given = {env: example(SETTINGS[env]) for env in FREE}
    given["PADFLEET_COMMIT_REPLICAS"] = 10
    objects = helm.objects({"settings": given, "redis": {"own": False}})
    for process, mine in (("fanout", FANOUT), ("writer", WRITER)):
        data = settings_of(objects, process)
        for env in FREE:
            assert (env in data) == (env in mine), env
            if env in mine and not mine[env].declared.check:
                said = given[env]
                if isinstance(said, list):
                    said = tuple(said)
                elif mine[env].choices and isinstance(said, bool):
                    said = "on" if said else "off"  # as YAML has it
                assert mine[env].parse(data[env]) == said, env


def test_every_setting_may_be_read_from_a_secret(helm: Helm) -> None:
    """This excludes settings that a value gives; the secret ones among them have Secrets of their
    own."""
    names = sorted(SETTINGS.keys() - GIVEN.keys())
    given = {env: {"secret": "mine", "key": env.lower()} for env in names}
    objects = helm.objects({"settingsFrom": given, "settings": {"PADFLEET_LOG_FORMAT": None}})
    for process, mine in (("fanout", FANOUT), ("writer", WRITER)):
        (container,) = containers(workload(objects, process))
        found = {one["name"]: one["valueFrom"] for one in container["env"]}
        for env in names:
            assert (env in found) == (env in mine), env
            if env in mine:
                assert found[env]["secretKeyRef"] == {"name": "mine", "key": env.lower()}


GIVE: dict[str, tuple[Object, str]] = {
    "PADFLEET_COLD_URL": ({"cold": {"url": "s3://bucket/pads"}}, "s3://bucket/pads"),
    "PADFLEET_DRAIN_MS": ({"fanout": {"drainSeconds": 45}}, "45000"),
    "PADFLEET_HOSTS": ({"hosts": ["a.org", "b.org"]}, "a.org,b.org,padfleet-balancer"),
    "PADFLEET_PAGE": ({"pages": "etherpad"}, "off"),
    "PADFLEET_TRACE_SHARE": ({"tracing": {"share": 0.00001}}, "1e-05"),
    "PADFLEET_TRUSTED_PROXIES": ({"trustedProxies": ["10.0.0.0/8", "::1"]}, "10.0.0.0/8,::1"),
}


@pytest.mark.parametrize("variable", GIVE)
def test_values_give_the_settings_that_they_say(variable: str, helm: Helm) -> None:
    """Each process that has the setting reads this value."""
    values, text = GIVE[variable]
    objects = helm.objects(values)
    for process, mine in (("fanout", FANOUT), ("writer", WRITER)):
        assert settings_of(objects, process).get(variable) == (text if variable in mine else None)
    SETTINGS[variable].parse(text)


def test_an_address_of_a_store_with_a_password_comes_from_a_secret(helm: Helm) -> None:
    objects = helm.objects({"cold": {"secret": "etherpad-database"}})
    for process in ("fanout", "writer"):
        (container,) = containers(workload(objects, process))
        (found,) = [one for one in container["env"] if one["name"] == "PADFLEET_COLD_URL"]
        assert found["valueFrom"]["secretKeyRef"] == {"name": "etherpad-database", "key": "url"}
    assert only(objects, "NetworkPolicy", "padfleet-to-cold")


# --- what is refused ------------------------------------------------------------------------------

REFUSED = [
    ({"fanout": {"replicas": 0}}, "/fanout/replicas"),
    ({"fanout": {"replicas": "two"}}, "/fanout/replicas"),
    ({"fanout": {"replica": 2}}, "'replica' not allowed"),
    ({"fanouts": {}}, "'fanouts' not allowed"),
    ({"fanout": {"resources": {"limits": {"memory": "1 GB"}}}}, "/fanout/resources/limits/memory"),
    ({"pages": "both"}, "'padfleet', 'etherpad'"),
    ({"hosts": ["https://pad.example.org"]}, "/hosts/0"),
    ({"hosts": "pad.example.org"}, "/hosts"),
    ({"trustedProxies": ["everybody"]}, "/trustedProxies/0"),
    ({"image": {"digest": "latest"}}, "/image/digest"),
    ({"settings": {"PADFLEET_DRAIN": 1}}, "'PADFLEET_DRAIN' not allowed"),
    ({"settings": {"PADFLEET_LOG_LEVEL": "loud"}}, "/settings/PADFLEET_LOG_LEVEL"),
    ({"settings": {"PADFLEET_MAX_SOCKETS": -1}}, "/settings/PADFLEET_MAX_SOCKETS"),
    ({"settings": {"PADFLEET_MAX_SOCKETS": "many"}}, "/settings/PADFLEET_MAX_SOCKETS"),
    ({"settings": {"PADFLEET_EDIT_ONLY": "yes"}}, "/settings/PADFLEET_EDIT_ONLY"),
    ({"settings": {"PADFLEET_HOOK_URL": "https://a:b@c"}}, "settingsFrom.PADFLEET_HOOK_URL"),
    ({"settings": {"PADFLEET_COMMIT_REPLICAS": 1}}, "the chart's own Redis has no replicas"),
    ({"settingsFrom": {"PADFLEET_API_KEY": {"secret": "api"}}}, "missing property 'key'"),
    (
        {
            "settings": {"PADFLEET_JWT_JWKS_URL": "https://a"},
            "settingsFrom": {"PADFLEET_JWT_JWKS_URL": {"secret": "a", "key": "b"}},
        },
        "leave one of them out",
    ),
    ({"env": [{"name": "PADFLEET_BATCH", "value": "off"}]}, "put it into settings"),
    ({"cold": {"url": "s3://bucket", "secret": "cold"}}, "leave one of them empty"),
    ({"cold": {"url": "mysql://etherpad:secret@db/etherpad"}}, "name that in cold.secret"),
    ({"cold": {"url": "/var/lib/cold"}}, "no cold store of pods"),
    ({"cold": {"url": "s3:///pads"}}, "no cold store of pods"),
    ({"cold": {"url": "file:///cold/"}}, "cold.claim"),
    ({"cold": {"url": "file:///srv/cold/", "claim": "cold"}}, "no cold store of pods"),
    ({"ingress": {"enabled": True}}, "name the host in hosts"),
    ({**HOST, "balancer": {"enabled": False}}, "balancer.enabled is false"),
    ({"fanout": {"autoscaling": {"min": 9, "max": 3}}}, "min is 9 and max is 3"),
    ({"tracing": {"share": 2}}, "/tracing/share"),
]  # fmt: skip


@pytest.mark.parametrize(("values", "words"), REFUSED, ids=lambda found: json.dumps(found)[:60])
def test_bad_values_are_refused_in_words_that_help(values: Object, words: str, helm: Helm) -> None:
    with pytest.raises(Refused, match=re.escape(words)):
        helm.templates(values)


@pytest.mark.parametrize("variable", SECRET)
def test_no_value_holds_a_secret(variable: str, helm: Helm) -> None:
    with pytest.raises(Refused, match=f"is a secret.*settingsFrom.{variable}"):
        helm.templates({"settings": {variable: "hush"}})


@pytest.mark.parametrize("variable", sorted(GIVEN))
def test_what_a_value_gives_is_not_given_as_a_setting(variable: str, helm: Helm) -> None:
    with pytest.raises(Refused, match=re.escape(f"it is given by {GIVEN[variable]}")):
        helm.templates({"settings": {variable: "1"}})
    with pytest.raises(Refused, match=re.escape(f"it is given by {GIVEN[variable]}")):
        helm.templates({"settingsFrom": {variable: {"secret": "a", "key": "b"}}})
