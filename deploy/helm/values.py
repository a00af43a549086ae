"""This module has the values of the Helm chart: their names, what they may be, and their defaults.

It is the only source of values.schema.json, values.yaml, files/settings.json and the tables in the
chart's README: `python -m deploy.helm.make` writes them. Settings of processes are not listed here:
they are those of `padfleet.shared.settings`, each under the name of its variable.
"""

from __future__ import annotations

from typing import Final

from deploy.helm.nodes import (
    Schema,
    as_kubernetes,
    choice,
    fraction,
    group,
    key,
    labels,
    name,
    ports,
    quantities,
    quantity,
    several,
    switch,
    text,
    whole,
)
from padfleet.shared.settings import FanoutSettings, WriterSettings
from padfleet.shared.settings.declare import SettingSpec, specs
from padfleet.shared.settings.ops import LAST_PORT

FANOUT: Final = {spec.env: spec for spec in specs(FanoutSettings)}
WRITER: Final = {spec.env: spec for spec in specs(WriterSettings)}
SETTINGS: Final = {**WRITER, **FANOUT}

GIVEN: Final = {
    "PADFLEET_COLD_URL": "cold.url or cold.secret",
    "PADFLEET_DRAIN_MS": "fanout.drainSeconds",
    "PADFLEET_HOST": "the chart: processes listen on all addresses of their pod",
    "PADFLEET_HOSTS": "hosts",
    "PADFLEET_OPS_HOST": "the chart: processes listen on all addresses of their pod",
    "PADFLEET_OPS_PORT": "the chart: it is 9201",
    "PADFLEET_PAGE": "pages",
    "PADFLEET_PORT": "the chart: it is 9001 for fan-out workers and 9101 for writers",
    "PADFLEET_REDIS_URL": "redis.secret",
    "PADFLEET_TRACE_SHARE": "tracing.share",
    "PADFLEET_TRUSTED_PROXIES": "trustedProxies",
    "PADFLEET_WORKER_ID": "the chart: it is the name of the pod",
    "PADFLEET_WRITER_ID": "the chart: it is the name of the pod",
}
"""Settings that another value gives, or the chart itself."""

SECRET: Final = sorted(
    env for env, spec in SETTINGS.items() if spec.declared.secret and not env.endswith("_URL")
)
"""Those that no value may hold. An address may be one, unless there is a password in it."""

ON_OFF: Final = sorted(env for env, spec in SETTINGS.items() if "on" in spec.choices)
"""Those whose words YAML takes for true and false."""


def of_setting(spec: SettingSpec) -> Schema:
    """Returns the node that `settings` has for one setting. If `settings` does not take the
    setting, the chart says where it belongs, which a schema cannot say."""
    words = spec.help + (f", in {spec.unit}" if spec.unit else "")
    node: Schema = {"description": words}
    if spec.env in GIVEN:
        return {"description": f"Given by {GIVEN[spec.env]}."}
    if spec.env in SECRET:
        return {"description": f"A secret, for settingsFrom: {words}"}
    if spec.choices:
        return {**node, "enum": [*spec.choices, *((True, False) if spec.env in ON_OFF else ())]}
    if spec.type is bool:
        return {**node, "type": "boolean"}
    if spec.type in (int, float):
        bounds = {"minimum": spec.declared.minimum, "maximum": spec.declared.maximum}
        kind = "integer" if spec.type is int else "number"
        return {**node, "type": kind, **{k: v for k, v in bounds.items() if v is not None}}
    if isinstance(spec.default, tuple):
        return {**node, "type": ["string", "array"], "items": {"type": "string"}}
    return {**node, "type": "string"}


def settings() -> Schema:
    return {
        "description": "Settings of the processes, each by its variable: "
        "`PADFLEET_COMMIT_REPLICAS: 1`. Each is passed to the processes that have it. "
        "Passwords do not belong here: see settingsFrom.",
        "type": "object",
        "additionalProperties": False,
        "properties": {env: of_setting(spec) for env, spec in sorted(SETTINGS.items())},
        "default": {"PADFLEET_LOG_FORMAT": "json"},
    }


def settings_from() -> Schema:
    one: Schema = {
        "type": "object",
        "additionalProperties": False,
        "required": ["secret", "key"],
        "properties": {
            "secret": {"type": "string", "minLength": 1, "description": "Name of a Secret."},
            "key": {"type": "string", "minLength": 1, "description": "Key in it."},
        },
    }
    return {
        "description": "Settings that are read from Secrets of yours: "
        "`PADFLEET_API_KEY: {secret: padfleet-api, key: key}`.",
        "type": "object",
        "additionalProperties": False,
        "properties": dict.fromkeys(sorted(SETTINGS), one),
        "default": {},
    }


def resources(cpu: str, memory: str, limit: str) -> Schema:
    """Returns the node for a process's resources. By default, the processor has no limit: if a
    process were held back, everybody on it would wait."""
    return group(
        "Resources of a pod.",
        requests=quantities("What is reserved for it.", cpu=cpu, memory=memory),
        limits=quantities("What it may use; a pod that uses more memory is killed.", memory=limit),
    )


def placed(*, spread: bool = True) -> dict[str, Schema]:
    """Returns the nodes that say where pods go, and what else is on them."""
    over_nodes = choice(
        "Whether two pods may be on one node if no other is available.",
        "ScheduleAnyway",
        "DoNotSchedule",
    )
    return {
        **({"spread": over_nodes} if spread else {}),
        "nodeSelector": labels("Labels of the nodes that pods may run on."),
        "tolerations": as_kubernetes("Taints that pods tolerate.", "array"),
        "affinity": as_kubernetes("Affinity of the pods."),
        "priorityClassName": name("Priority class of the pods."),
        "podLabels": labels("Further labels of the pods."),
        "podAnnotations": labels("Annotations of the pods."),
    }


def autoscaling(least: int, most: int, **targets: Schema) -> Schema:
    return group(
        "A HorizontalPodAutoscaler instead of `replicas`. It needs a custom-metrics adapter, "
        "whose rules are in deploy/kubernetes/components/autoscaling/adapter-rules.yaml.",
        enabled=switch("Whether there is one.", False),
        min=whole("Fewest pods.", least, 1),
        max=whole("Most pods.", most, 1),
        busyShare=quantity("Share of a core above which pods are added.", "600m"),
        **targets,
    )


VALUES: Final = group(
    "Values of padfleet's chart.",
    nameOverride=name("Used instead of `padfleet` in the names of objects."),
    fullnameOverride=name(
        "Full prefix of the names of objects, instead of one made from the release's name."
    ),
    image=group(
        "The image of fan-out workers and writers.",
        repository=text("Registry and name.", "padfleet", r"^[^\s@]+$"),
        tag=text("Its version; the chart's version if empty."),
        digest=text("Its digest, instead of a tag.", "", r"^(sha256:[0-9a-f]{64})?$"),
        pullPolicy=choice("When it is pulled.", "IfNotPresent", "Always", "Never"),
        pullSecrets=several("Names of Secrets for your registry.", {"type": "string"}),
    ),
    hosts=several(
        "Host names that people use. Workers answer to no others (`PADFLEET_HOSTS`), and the "
        "Ingress lists them. Without any, workers answer to every name.",
        {"type": "string", "pattern": r"^(\*\.)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"},
    ),
    trustedProxies=several(
        "Networks of your cluster's pods and of the proxies in front of it, which are trusted to "
        "say who the client is (`PADFLEET_TRUSTED_PROXIES`, and the balancer's).",
        {"type": "string", "pattern": r"^[0-9a-fA-F.:]+(/[0-9]{1,3})?$"},
        ["10.0.0.0/8"],
    ),
    pages=choice(
        "Who serves the pages. With `etherpad`, an Etherpad with its own Ingress does so, on the "
        "same host; only the paths that belong to the workers are routed to them.",
        "padfleet",
        "etherpad",
    ),
    settings=settings(),
    settingsFrom=settings_from(),
    env=as_kubernetes(
        "Further variables of workers and writers, as Kubernetes has them: `OTEL_*`, `AWS_*`. "
        "padfleet's own go to `settings` or `settingsFrom`.",
        "array",
    ),
    volumes=as_kubernetes("Further volumes of workers and writers: keys, certificates.", "array"),
    volumeMounts=as_kubernetes("Where those are mounted.", "array"),
    redis=group(
        "Where pads are.",
        own=switch(
            "Whether the chart runs a single Redis, on a volume. A Redis of yours with replicas "
            "survives more.",
            True,
        ),
        secret=name(
            "Name of the Secret with the address of Redis; `RELEASE-redis` if empty. You create "
            "it, since values contain no passwords."
        ),
        urlKey=key("Key in it for the address, password included.", "url"),
        passwordKey=key(
            "Key in it for the password alone, which the chart's own Redis asks for.", "password"
        ),
        ports=ports("Ports of Redis and its sentinels, for the network policy.", 6379, 26379),
        image=text("Image of the chart's own Redis.", "valkey/valkey:8-alpine"),
        maxmemory=text(
            "Memory of the chart's own Redis for pads, in Redis's notation.",
            "1500mb",
            r"^[0-9]+(k|kb|m|mb|g|gb)?$",
        ),
        storage=group(
            "Volume of the chart's own Redis.",
            size=quantity("Its size.", "10Gi"),
            className=name("Storage class; the cluster's default if empty."),
        ),
        resources=resources("500m", "1Gi", "2Gi"),
        **placed(spread=False),
    ),
    cold=group(
        "Where pads are kept that nobody has open (docs/storage.md).",
        url=text(
            "Address without a password: `s3://bucket/prefix`, `gs://`, `az://`, or "
            "`file:///cold/` with a volume claim. Empty: pads stay in Redis.",
        ),
        secret=name(
            "Name of a Secret with the address, instead of `url`, for an address with a password."
        ),
        key=key("Key in it.", "url"),
        credentials=name(
            "Name of a Secret whose keys become variables of the processes: "
            "`AWS_ACCESS_KEY_ID` and so on."
        ),
        claim=name("A volume claim that is mounted at /cold in all pods, ReadWriteMany."),
        ports=ports(
            "Ports of the store, for the network policy: 443 for objects, 3306 or 5432 for a "
            "database.",
            443,
        ),
    ),
    fanout=group(
        "Workers that hold people's sockets.",
        replicas=whole("Number of pods.", 2, 1),
        tag=text(
            "Version of their image, if it differs from the writers': needed for upgrades whose "
            "writers have to come first."
        ),
        drainSeconds=whole(
            "Time over which a stopping worker closes its sockets; pods get 30 s more "
            "(`PADFLEET_DRAIN_MS`).",
            30,
            0,
            3600,
        ),
        tmp=quantity("Space for files that are imported and exported.", "1Gi"),
        autoscaling=autoscaling(
            3, 50, sockets=whole("Sockets per pod above which pods are added.", 5000, 1)
        ),
        resources=resources("1", "256Mi", "1Gi"),
        **placed(),
    ),
    writer=group(
        "Writers, which put edits in order.",
        replicas=whole("Number of pods. One does the work; with two, one may fail.", 2, 1),
        tmp=quantity("Space for files.", "64Mi"),
        autoscaling=autoscaling(2, 16),
        resources=resources("500m", "256Mi", "1Gi"),
        **placed(),
    ),
    balancer=group(
        "HAProxy, which routes the people on a pad to the same worker.",
        enabled=switch(
            "Whether the chart runs it. A balancer of yours has to route by pad, too.", True
        ),
        image=text("HAProxy's image.", "haproxy:3.0"),
        replicas=whole("Number of pods.", 2, 1),
        service=group(
            "Its Service, for an Ingress or for clients outside the cluster.",
            type=choice("Kind of Service.", "ClusterIP", "LoadBalancer", "NodePort"),
            port=whole("Its port.", 80, 1, LAST_PORT),
            annotations=labels("For the cloud's balancer."),
        ),
        resources=resources("500m", "256Mi", "1Gi"),
        **placed(),
    ),
    ingress=group(
        "An Ingress, with the list of paths that clients need. Its annotations are those of "
        "ingress-nginx.",
        enabled=switch("Whether there is one. It needs `hosts`.", False),
        className=name("Its class; the cluster's default if empty."),
        tlsSecret=name(
            "Secret with the certificate. Empty: TLS ends in front of the Ingress.", "padfleet-tls"
        ),
        annotations=labels("Further annotations, or replacements for those."),
    ),
    serviceAccount=group(
        "Identity of the pods in the cluster. It has no rights and no token.",
        create=switch("Whether the chart creates one.", True),
        name=name("Its name; if empty, one made from the release's name."),
        annotations=labels("For instance the role with which pods may use a bucket."),
    ),
    networkPolicy=group(
        "Pods may connect to what they need, and to nothing else.",
        enabled=switch("Whether there are policies.", True),
        clients=as_kubernetes(
            "Who may connect to the balancer (or to workers, without one), as peers of a policy. "
            "Empty: everybody to the balancer, nobody to workers.",
            "array",
        ),
        egress=as_kubernetes(
            "Further destinations to which workers and writers may connect: a hook, a key set.",
            "array",
        ),
    ),
    podDisruptionBudgets=switch("Whether only one pod of a kind may be evicted at a time.", True),
    opsService=switch(
        "Whether there is a Service (headless) for the operators' ports: metrics, /stats, /fleet. "
        "No Ingress leads there.",
        False,
    ),
    monitoring=group(
        "For clusters with the Prometheus Operator.",
        enabled=switch("Whether there are monitors.", False),
        by=choice(
            "Whether to use PodMonitors, or ServiceMonitors with Services for them.",
            "pods",
            "service",
        ),
        interval=text("How often metrics are scraped.", "15s", r"^[0-9]+(ms|s|m)$"),
        labels=labels("Labels that your Prometheus looks for in monitors and rules."),
        namespace=name("Where Prometheus runs, for the network policy.", "monitoring"),
        fleet=text("Label `fleet` for all series, if several fleets share one Prometheus."),
        rules=switch("Whether there are alerts, those of deploy/prometheus/alerts.yml.", True),
        dashboard=switch("Whether there is a ConfigMap with the dashboard for Grafana.", False),
    ),
    tracing=group(
        "Traces of single submissions (docs/operations.md).",
        share=fraction("Share of submissions to trace; 0: none (`PADFLEET_TRACE_SHARE`).", 0, 0, 1),
        endpoint=text(
            "Where traces are sent.",
            "http://collector.observability:4318",
            r"^https?://[^\s]+$",
        ),
        namespace=name("Where the collector runs, for the network policy.", "observability"),
        port=whole("Its port, for the network policy.", 4318, 1, LAST_PORT),
    ),
    **{"global": as_kubernetes("Values of a parent chart; not used.")},
)
