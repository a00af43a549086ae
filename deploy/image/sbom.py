"""This module lists what is in the image, as a CycloneDX 1.5 document. It runs inside the image,
and needs nothing else."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from importlib.metadata import distributions


def python_packages() -> list[dict[str, object]]:
    found = {(d.metadata["Name"], d.version): d for d in distributions()}
    packages: list[dict[str, object]] = []
    for (name, version), distribution in sorted(found.items()):
        package: dict[str, object] = {
            "type": "library",
            "name": name,
            "version": version,
            "purl": f"pkg:pypi/{name.lower()}@{version}",
        }
        if "License-Expression" in distribution.metadata:
            package["licenses"] = [{"expression": distribution.metadata["License-Expression"]}]
        packages.append(package)
    return packages


def system_packages() -> list[dict[str, object]]:
    query = ["dpkg-query", "-W", "-f", "${Package} ${Version} ${Architecture}\n"]
    lines = subprocess.run(query, capture_output=True, text=True, check=True).stdout.splitlines()
    return [
        {
            "type": "library",
            "name": name,
            "version": version,
            "purl": f"pkg:deb/debian/{name}@{version}?arch={architecture}",
        }
        for name, version, architecture in map(str.split, lines)
    ]


def main() -> None:
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
            "component": {"type": "container", "name": "padfleet"},
        },
        "components": python_packages() + system_packages(),
    }
    print(json.dumps(document, indent=1))


if __name__ == "__main__":
    main()
