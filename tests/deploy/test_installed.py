"""Tests that the steps in docs/install-debian.md make a fleet under a real systemd, and that the
page is right: processes come back after a crash, let their sockets go when stopped, and are
confined."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.deploy.machine import ROOT, Machine
from tests.eventually import eventually_sync

PAGE = ROOT / "docs" / "install-debian.md"
PAD = "https://pads.example.org/p/hello"
PADFLEET = "/opt/padfleet/bin/padfleet"
PROCESSES = ("padfleet-node@1", "padfleet-node@2")

# What would come from elsewhere, and what stands for it. All else runs as it is printed.
INSTEAD = {
    "apt-get ": "true",
    "git clone ": "true",
    "make -C ": "true",
    "python3 -m venv /opt/padfleet && ": """
        /opt/python/bin/python{version} -m venv --without-pip /opt/padfleet
        here=/opt/padfleet/lib/python{version}/site-packages/here.pth
        echo /opt/packages > $here && echo /usr/src/padfleet/src >> $here
        echo '#!/bin/sh' > /opt/padfleet/bin/padfleet
        echo 'export LD_LIBRARY_PATH=/opt/python/lib' >> /opt/padfleet/bin/padfleet
        echo 'exec /opt/padfleet/bin/python -m padfleet "$@"' >> /opt/padfleet/bin/padfleet
        chmod 755 /opt/padfleet/bin/padfleet
    """,
    "systemctl stop nginx && certbot ": """
        systemctl stop nginx
        live=/etc/letsencrypt/live/pads.example.org
        mkdir -p $live
        openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=pads.example.org \
          -addext subjectAltName=DNS:pads.example.org \
          -keyout $live/privkey.pem -out $live/fullchain.pem
        cp $live/fullchain.pem /etc/ssl/pads.pem
    """,
}


def steps() -> list[str]:
    """Returns the commands of the page, each as it is printed."""
    (block,) = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return [line for line in block.splitlines() if line and not line.startswith("#")]


def put_in(step: str) -> str:
    """Returns the command that runs in place of a step."""
    for begins, instead in INSTEAD.items():
        if step.startswith(begins):
            return instead.replace("{version}", f"{sys.version_info[0]}.{sys.version_info[1]}")
    return step


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine on which the page has been followed."""
    if why_not := Machine.why_not():
        pytest.skip(why_not)
    with Machine(tmp_path_factory.mktemp("machine")) as made:
        for step in steps():
            made.run(put_in(step))
        yield made


def test_every_command_that_is_not_run_as_printed_is_on_the_page() -> None:
    for begins in INSTEAD:
        assert any(step.startswith(begins) for step in steps()), begins


def test_all_units_run_and_a_pad_has_been_written(machine: Machine) -> None:
    for unit in (*PROCESSES, "padfleet.target", "padfleet-backup.timer", "nginx", "redis-server"):
        assert machine.property(unit, "ActiveState") == "active", unit
    assert machine.run("systemctl list-units --failed --plain --no-legend 'padfleet*'") == ""
    # For a while, nginx remembers of a worker that it was away.
    eventually_sync(
        lambda: "hello" in machine.run(f"{PADFLEET} pad cat {PAD}"), "the pad is there", timeout=60
    )


def test_all_processes_tell_their_figures(machine: Machine) -> None:
    """The writer and the first worker have the same name."""
    top = f"{PADFLEET} top --once --redis-url redis://127.0.0.1:6379/0"
    eventually_sync(
        lambda: "reports no figures" not in machine.run(top), "all are seen", timeout=60
    )


def test_units_are_shut_in(machine: Machine) -> None:
    for unit in (*PROCESSES, "padfleet-backup"):
        said = machine.run(f"systemd-analyze security --threshold=25 {unit}.service")
        assert re.search(r"Overall exposure level for .*: [0-2]\.[0-9]", said), said


def test_secrets_are_for_root_alone(machine: Machine) -> None:
    said = machine.run("stat -c '%n %a %U' /etc/padfleet /etc/padfleet/padfleet.env")
    assert said.splitlines() == ["/etc/padfleet 750 root", "/etc/padfleet/padfleet.env 600 root"]
    for unit in PROCESSES:
        status = machine.run(f"cat /proc/{machine.property(unit, 'MainPID')}/status")
        assert not re.search(r"^(Uid|Gid):\t0\t", status, re.MULTILINE), unit
        assert re.search(r"^CapEff:\t0+$", status, re.MULTILINE), unit


def test_logs_are_objects(machine: Machine) -> None:
    said = machine.run("journalctl --unit 'padfleet-node@*' --output cat --grep '^{'")
    assert "worker started" in [json.loads(line)["message"] for line in said.splitlines()]


@pytest.mark.timeout(600)
def test_strangers_files_are_converted_behind_the_walls(machine: Machine) -> None:
    """The limited processes get what they need: memory that they bound themselves, /tmp, fonts. A
    machine that is too busy for it asks to come again."""
    curl = "curl --silent --show-error --fail --retry 5 --cacert /etc/ssl/pads.pem"
    for kind, magic in (("pdf", "%PDF"), ("docx", "PK"), ("odt", "PK"), ("html", "<!do")):
        machine.run(f"{curl} --output /root/pad.{kind} {PAD}/export/{kind}", timeout=500)
        assert machine.run(f"head --bytes={len(magic)} /root/pad.{kind}").lower() == magic.lower()
    there = PAD.replace("hello", "imported")
    machine.run(f"{PADFLEET} pad append {there} 'before'")
    machine.run(f"{curl} --form file=@/root/pad.docx {there}/import", timeout=500)
    assert "hello" in machine.run(f"{PADFLEET} pad cat {there}")


def test_the_nightly_backup_is_made_and_verified(machine: Machine) -> None:
    machine.run("systemctl start padfleet-backup.service")
    assert machine.property("padfleet-backup", "Result") == "success"
    assert machine.run("ls /var/lib/padfleet/backups") != ""
    assert machine.run("systemctl list-timers --no-legend padfleet-backup.timer") != ""


def test_processes_come_back_after_a_crash(machine: Machine) -> None:
    before = {unit: machine.property(unit, "MainPID") for unit in PROCESSES}
    machine.run(f"kill -9 {' '.join(before.values())}")

    def are_back() -> bool:
        return all(
            machine.property(unit, "ActiveState") == "active"
            and machine.property(unit, "MainPID") not in (before[unit], "0")
            for unit in PROCESSES
        )

    eventually_sync(are_back, "both are there again", timeout=60)
    machine.run(f"{PADFLEET} pad append {PAD} 'after a crash'")


def test_stopping_a_worker_lets_people_go_on_elsewhere(machine: Machine) -> None:
    """As the page says for settings, one is changed in the file, and processes are restarted."""
    machine.run("echo PADFLEET_DRAIN_MS=2000 >> /etc/padfleet/padfleet.env")
    machine.run("systemctl restart padfleet-node@1 padfleet-node@2")
    watching = subprocess.Popen(
        machine.command(f"{PADFLEET} pad watch {PAD}"), stdout=subprocess.PIPE, text=True
    )
    try:
        _read_until(watching, "revision ")
        there = "curl --silent http://127.0.0.1:920{}/metrics | grep '^padfleet_fanout_sockets '"
        holds = [one for one in "12" if not machine.run(there.format(one)).strip().endswith(" 0.0")]
        assert len(holds) == 1, "the one that watches"
        machine.run(f"systemctl stop padfleet-node@{holds[0]}")
        assert machine.property(f"padfleet-node@{holds[0]}", "Result") == "success"
        assert machine.property(f"padfleet-node@{holds[0]}", "ExecMainStatus") == "0"
        machine.run(f"{PADFLEET} pad append {PAD} 'on the other worker'")
        _read_until(watching, "on the other worker")
    finally:
        watching.kill()
        watching.wait()
        # What has been killed is nsenter, and whoever goes on watching keeps the pad in Redis.
        machine.run("pkill --full 'pad[ ]watch'", check=False)
    machine.run(f"systemctl start padfleet-node@{holds[0]}")


def _read_until(process: subprocess.Popen[str], words: str) -> None:
    """Waits for a line with the words; the test's time-out ends that."""
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if words in line:
            return
    raise AssertionError(f"it has ended without {words!r}: {said}")


def test_wrong_settings_are_said_and_not_tried_again(machine: Machine) -> None:
    """They are reported at once: nobody waits for a process that has ended to be ready."""
    machine.run("cp /etc/padfleet/padfleet.env /root/right.env")
    machine.run("echo PADFLEET_LOG_LEVEL=loud >> /etc/padfleet/padfleet.env")
    unit = "padfleet-fanout@3"
    try:
        machine.run(f"systemctl start {unit}", check=False, timeout=50)
        assert machine.property(unit, "ActiveState") == "failed"
        assert machine.property(unit, "ExecMainStatus") == "2"
        assert machine.property(unit, "NRestarts") == "0"
        said = machine.run(f"journalctl --unit {unit} --output cat --lines 20")
        assert "PADFLEET_LOG_LEVEL" in said
    finally:
        machine.run("cp /root/right.env /etc/padfleet/padfleet.env")


def test_pads_that_nobody_has_open_go_to_the_directory_that_the_units_have(
    machine: Machine,
) -> None:
    """The setting's line is commented out on the page. Pads also come back, and are in the
    backup."""
    uncomment = "sed -i 's/^#PADFLEET_COLD_URL=/PADFLEET_COLD_URL=/' /etc/padfleet/padfleet.env"
    machine.run(uncomment)
    for soon in ("PADFLEET_COLD_AFTER=1", "PADFLEET_COLD_EVERY=1"):
        machine.run(f"echo {soon} >> /etc/padfleet/padfleet.env")
    machine.run("systemctl restart padfleet-node@1 padfleet-node@2")
    eventually_sync(
        lambda: machine.run("redis-cli --scan --pattern '*:pad:hello*'").strip() == "",
        "the pad has left Redis",
        timeout=60,
    )
    assert machine.run("find /var/lib/padfleet/cold/ -type f") != ""
    machine.run("systemctl start padfleet-backup.service")
    assert machine.property("padfleet-backup", "Result") == "success"
    # For a while, nginx remembers of a worker that it was away.
    eventually_sync(
        lambda: "hello" in machine.run(f"{PADFLEET} pad cat {PAD}"), "the pad is there", timeout=60
    )


def test_the_target_stops_and_starts_all_of_it(machine: Machine) -> None:
    machine.run("systemctl stop padfleet.target")

    def have_stopped() -> bool:
        states = [machine.property(unit, "ActiveState") for unit in PROCESSES]
        return states == ["inactive"] * len(states)

    eventually_sync(have_stopped, "all have stopped", timeout=60)
    assert [machine.property(unit, "Result") for unit in PROCESSES] == ["success"] * 2
    machine.run("systemctl start padfleet.target")
    # For a while, nginx remembers of a worker that it was away.
    eventually_sync(
        lambda: "hello" in machine.run(f"{PADFLEET} pad cat {PAD}"), "the pad is there", timeout=60
    )
