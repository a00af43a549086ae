"""Runs the specs on both sides, in one run, and says what differs:

    python -m tests.upstream --etherpad CHECKOUT --out build/upstream.json

Wants an Etherpad that runs: a checkout with its dependencies, and `@playwright/test` where its
specs find it. The specs speak to localhost:9001, so that port has to be free: nginx listens there,
as deploy/balancer/nginx.conf has it, and brings `/socket.io/` to one side or the other; everything
else goes to Etherpad on both.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from padfleet.services.tools.up.server import EmbeddedServer
from tests.etherpad import copied, running
from tests.fleet import Fleet
from tests.nginx import nginx, serving
from tests.upstream.outcomes import Outcomes, differences, outcomes

PORT = 9001

SPECS = [
    "alphabet",
    "author_token_cookie",
    "bold",
    "change_user_color",
    "change_user_name",
    "chat",
    "clear_authorship_color",
    "collab_client",
    "delete",
    "enter",
    "error_sanitization",
    "indentation",
    "italic",
    "line_ops",
    "ordered_list",
    "pad_deletion_token",
    "pad_settings",
    "padmode",
    "redo",
    "strikethrough",
    "timeslider",
    "timeslider_author_colors",
    "timeslider_follow",
    "timeslider_identity_changeset",
    "timeslider_playback_speed",
    "timeslider_revision_labels",
    "timeslider_saved_revisions",
    "unaccepted_commit_warning",
    "undo",
    "undo_clear_authorship",
    "unordered_list",
    "userlist_click_to_chat",
]
"""Those that touch the real-time side; the others are about the page alone."""


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--etherpad", type=Path, required=True, help="the checkout")
    parser.add_argument("--node", default=shutil.which("node"), help="Node.js 24 or newer")
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    parser.add_argument("--spec", nargs="+", default=SPECS, help="names of specs, without .spec.ts")
    parser.add_argument(
        "--plugin",
        nargs="+",
        type=Path,
        default=[],
        help="folders of plugins that the page has on both sides, in a copy of the checkout",
    )
    parser.add_argument("--minutes", type=int, default=30, help="for each side, at most")
    parser.add_argument("--out", type=Path, default=Path("build/upstream.json"))
    args = parser.parse_args(argv)
    found: dict[str, Outcomes] = {}
    with tempfile.TemporaryDirectory(prefix="padfleet-") as name, ExitStack() as stack:
        folder = Path(name)
        checkout: Path = args.etherpad
        if args.plugin:
            checkout = copied(checkout, folder / "with-plugins", args.plugin, args.node)
        settings = _its_settings(args.etherpad) | {"trustProxy": True}
        etherpad = stack.enter_context(running(checkout, folder, settings, args.node))
        options = ("--appendfsync", "no")
        redis = stack.enter_context(EmbeddedServer(folder / "redis", extra_args=options))
        fleet = stack.enter_context(Fleet(redis.url, folder, _as_etherpad(args.etherpad)))
        fleet.start(workers=2)
        workers = [worker.port for worker in fleet.workers]
        for side, ports in (("etherpad", [etherpad]), ("padfleet", workers)):
            command = nginx(folder / side, PORT, ports, f"127.0.0.1:{etherpad}")
            with serving(command, PORT):
                found[side] = _played(args, folder / f"{side}.json")
    different = differences(found["etherpad"], found["padfleet"])
    args.out.parent.mkdir(parents=True, exist_ok=True)
    result = {"outcomes": found, "differences": [d._asdict() for d in different]}
    args.out.write_text(json.dumps(result, indent=1, ensure_ascii=False))
    for side, results in found.items():
        counts = {word: list(results.values()).count(word) for word in set(results.values())}
        print(f"{side}: {counts}")
    for difference in different:
        print(*difference, sep=" | ")


def _as_etherpad(checkout: Path) -> dict[str, str]:
    """Returns the settings of Etherpad's specs in the form of ours."""
    return {
        "PADFLEET_DEFAULT_PAD_TEXT": _its_settings(checkout)["defaultPadText"],
        "PADFLEET_TRUSTED_PROXIES": "127.0.0.1",
    }


def _its_settings(checkout: Path) -> dict[str, Any]:
    settings: dict[str, Any] = json.loads((checkout / "src/tests/settings.json").read_text())
    return settings


def _played(args: argparse.Namespace, report: Path) -> Outcomes:
    specs = args.etherpad / "src/tests/frontend-new"
    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
    flags += ["--disable-component-update", "--disable-sync", "--no-first-run"]
    config: dict[str, Any] = {
        "testDir": str(specs / "specs"),
        "testMatch": [f"**/{name}.spec.ts" for name in args.spec],
        "workers": 2,
        "retries": 2,
        "timeout": 90_000,
        "globalTimeout": args.minutes * 60_000,
        "expect": {"timeout": 20_000},
        "reporter": [["json", {"outputFile": str(report)}], ["line"]],
        "outputDir": str(report.with_suffix("")),
        "use": {
            "browserName": "chromium",
            "viewport": {"width": 1280, "height": 720},
            "launchOptions": {"executablePath": args.chromium, "args": flags},
        },
    }
    path = specs / "padfleet.config.cjs"
    path.write_text(f"module.exports = {json.dumps(config)};\n")
    try:
        command = [args.node, "node_modules/@playwright/test/cli.js", "test", "--config", str(path)]
        place = next(
            folder
            for folder in (specs, args.etherpad / "src", args.etherpad)
            if (folder / "node_modules/@playwright/test/cli.js").exists()
        )
        subprocess.run(command, cwd=place, check=False, stdin=subprocess.DEVNULL, stdout=sys.stderr)
    except StopIteration:
        sys.exit("there is no @playwright/test in the checkout: pnpm install, or npm install it")
    finally:
        path.unlink()
    return outcomes(json.loads(report.read_text()))


if __name__ == "__main__":
    main()
