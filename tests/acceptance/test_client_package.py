"""Tests padfleet-client as people install it: packed by npm, in Node.js and in a bundle."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.acceptance.npm import new_pad
from tests.fleet import Fleet

PAGE = Path(__file__).parents[2] / "services" / "web" / "page"

PROGRAM = """
import { easysync, OutOfRange, Pad } from "padfleet-client";

const [url] = process.argv.slice(2);
const pad = new Pad(url, { name: "A program" });
await pad.joined();
pad.edit(0, 0, "packed ");
await pad.flush();
let refused = false;
try {
  pad.edit(pad.text.length + 5, 0, "beyond");
} catch (error) {
  refused = error instanceof OutOfRange;
}
console.log(JSON.stringify({ text: pad.text, refused, identity: easysync.identity(3) }));
pad.close();
"""

TYPED = """
import { type Changed, type Collaborator, Pad, type PadOptions } from "padfleet-client";

const options: PadOptions = { name: "A program", transports: ["polling"] };
const pad: Pad = new Pad("http://127.0.0.1:9001/p/x", options);
pad.on("changed", ({ rev, changes }: Changed) => console.log(rev, changes[0]?.insert.length));
const state: Collaborator = pad.state;
export const settled: boolean = state.settled;
// @ts-expect-error: there is no such event
pad.on("nothing", () => undefined);
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package in it, as `npm install` puts it there. Without Node.js the test is
    skipped; in CI it fails."""
    if shutil.which("npm") is None or not (PAGE / "node_modules").is_dir():
        lacking = "there is no npm, or its packages are not installed (make setup)"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(lacking)
    folder = tmp_path_factory.mktemp("project")
    # It is made of a copy, so that nothing is left behind, and tests may run at the same time.
    copy = folder / "page"
    ignored = shutil.ignore_patterns("node_modules", "dist", "built", "built.new", "__pycache__")
    shutil.copytree(PAGE, copy, ignore=ignored)
    (copy / "node_modules").symlink_to(PAGE / "node_modules")
    done = run(["npm", "pack", "--json", "--pack-destination", str(folder)], copy / "client")
    packed = json.loads(done[done.index("[") :])
    modules = folder / "node_modules"
    modules.mkdir()
    with tarfile.open(folder / packed[0]["filename"]) as archive:
        archive.extractall(folder, filter="data")
    (folder / "package").rename(modules / "padfleet-client")
    for found in (PAGE / "node_modules").iterdir():
        if found.name not in ("padfleet-client", "padfleet-page-web", ".bin"):
            (modules / found.name).symlink_to(found.resolve())
    (folder / "package.json").write_text('{"type": "module", "private": true}')
    (folder / "program.mjs").write_text(PROGRAM)
    (folder / "typed.ts").write_text(TYPED)
    return folder


def run(command: list[str], folder: Path) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_what_is_packed_is_code_and_types_and_no_sources(project: Path) -> None:
    package = project / "node_modules" / "padfleet-client"
    names = {str(path.relative_to(package)) for path in package.rglob("*") if path.is_file()}
    assert {"README.md", "package.json", "dist/index.js", "dist/index.d.ts"} <= names
    assert all(name.endswith((".js", ".d.ts", ".json", ".md")) for name in names), names


@pytest.mark.parametrize("bundled", [False, True], ids=["as it is", "bundled"])
def test_it_runs_in_node(project: Path, fleet: Fleet, bundled: bool) -> None:
    program = "program.mjs"
    if bundled:
        program = "bundle.mjs"
        run(
            [
                str(PAGE / "node_modules" / ".bin" / "esbuild"),
                "program.mjs",
                "--bundle",
                "--platform=node",
                "--format=esm",
                f"--outfile={program}",
                # What socket.io-client has for Node asks for modules of Node by `require`.
                "--banner:js=import { createRequire } from 'module';"
                "const require = createRequire(import.meta.url);",
            ],
            project,
        )
    said = json.loads(run(["node", program, f"{fleet.urls[0]}/p/{new_pad()}"], project))
    assert said["text"].startswith("packed ")
    assert said["refused"]
    assert said["identity"] == "Z:3>0$"


def test_it_makes_a_bundle_for_browsers(project: Path) -> None:
    esbuild = str(PAGE / "node_modules" / ".bin" / "esbuild")
    command = [esbuild, "program.mjs", "--bundle", "--platform=browser", "--format=esm"]
    assert "CLIENT_READY" in run([*command, "--log-level=error"], project)


@pytest.mark.parametrize("resolution", ["Bundler", "NodeNext"])
def test_its_types_are_found(project: Path, resolution: str) -> None:
    module = "NodeNext" if resolution == "NodeNext" else "ESNext"
    tsc = str(PAGE / "node_modules" / ".bin" / "tsc")
    options = ["--noEmit", "--strict", "--target", "ES2022", "--module", module, "--types", "node"]
    run([tsc, *options, "--moduleResolution", resolution, "typed.ts"], project)


def test_the_reference_is_that_of_the_code(project: Path) -> None:
    script = str(PAGE / "client" / "reference.mjs")
    types = str(project / "node_modules" / "padfleet-client" / "dist")
    page = PAGE.parents[2] / "docs" / "client-typescript.md"
    assert run(["node", script, types], project) == page.read_text(), "run `make reference`"
