"""Makes hosts on a network of our own, between which the cable can be pulled.

    why = unavailable()
    if why: pytest.skip(why)
    with Network() as network:
        a, b = network.host("a"), network.host("b")
        server = Server(folder, port, settings, host=a.address, launcher=a.launcher)
        network.cut(a, b)               # packets vanish: no reset, no refusal, only silence
        network.cut(a, b, back=False)   # only those from a to b
        network.mend()

Each host is a network namespace of Linux with one cable (a veth pair) into a switch, which is a
namespace too; the test's own processes are the host `network.here`. iptables drops the packets, in
the namespaces only, so that all rules disappear with them. A `TcpProxy` needs none of this, but its
kernel goes on answering for whichever side is cut off, and this network is silent.
"""

from __future__ import annotations

import atexit
import os
import random
import shutil
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from padfleet.shared.lifetime import Lifetime
from tests.processes import alive

_PREFIX: Final = "padfleet"
_NETNS: Final = Path("/var/run/netns")  # where `ip netns` keeps the names
_COMMAND_S: Final = 20.0


@dataclass(frozen=True)
class Host:
    """A machine on the network. `namespace` is empty for the test's own."""

    name: str
    address: str
    namespace: str

    @property
    def launcher(self) -> list[str]:
        """Returns what to put before a command so that it runs on this host; the process stays the
        same one."""
        return ["ip", "netns", "exec", self.namespace] if self.namespace else []


def unavailable() -> str:
    """Returns why there can be no network on this machine; empty if there can be one."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    for program, package in (("ip", "iproute2"), ("iptables", "iptables")):
        if shutil.which(program) is None:
            return f"there is no {program} (Debian: apt-get install {package})"
    try:
        with Network() as network:
            host = network.host("probe")
            network.cut(network.here, host)
    except NetworkFailed as error:
        return f"this kernel does not let us: {error}"
    return ""


class NetworkFailed(Exception):
    """A command that should have built the network failed; the text has its output."""


class Network(Lifetime):
    """A switch and the hosts on it. If the process dies, the next one removes what is left."""

    def __init__(self) -> None:
        self._name = f"{_PREFIX}-{os.getpid()}-{random.getrandbits(24):06x}"
        self._switch = f"{self._name}-switch"
        # 198.18.0.0/15 is set aside for tests of networks: nobody's own network is in it.
        self._subnet = f"198.{random.choice((18, 19))}.{random.randrange(256)}"
        self._hosts: list[Host] = []
        self.here = Host("here", f"{self._subnet}.1", "")
        self._cable = f"pf{random.getrandbits(32):08x}"

    def host(self, name: str) -> Host:
        """Adds a host. Raises `NetworkFailed` if that is impossible."""
        number = len(self._hosts) + 2
        host = Host(name, f"{self._subnet}.{number}", f"{self._name}-{name}")
        _ip("netns", "add", host.namespace)
        self._hosts.append(host)
        _ip("-n", host.namespace, "link", "set", "lo", "up")
        self._plug(f"p{number}", "eth0", host.namespace)
        _ip("-n", host.namespace, "address", "add", f"{host.address}/24", "dev", "eth0")
        return host

    def cut(self, one: Host, other: Host, *, back: bool = True) -> None:
        """Drops all packets from `one` to `other`, and those `back`."""
        self._drop(one, other)
        if back:
            self._drop(other, one)

    def mend(self) -> None:
        """Ends all cuts. Connections continue when TCP tries again, which may take a while."""
        for host in self._hosts:
            _run([*host.launcher, "iptables", "--flush"])

    def start(self) -> None:
        _remove_leftovers()
        atexit.register(self.stop)
        try:
            _ip("netns", "add", self._switch)
            _ip("-n", self._switch, "link", "add", "switch", "type", "bridge")
            _ip("-n", self._switch, "link", "set", "switch", "up")
            self._plug("p1", self._cable, "")
            _ip("address", "add", f"{self.here.address}/24", "dev", self._cable)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Kills whatever runs on the hosts and removes them. Does nothing the second time."""
        atexit.unregister(self.stop)
        _remove([name for name in _names() if name.startswith(f"{self._name}-")])

    def _drop(self, sender: Host, receiver: Host) -> None:
        # Packets are dropped where they arrive: if they were dropped where they are sent, the
        # sender's kernel would notice. The test's own namespace gets no rules, so there it has to
        # be at the sender.
        if receiver.namespace:
            rule = [*receiver.launcher, "iptables", "-A", "INPUT", "-s", sender.address]
        else:
            rule = [*sender.launcher, "iptables", "-A", "OUTPUT", "-d", receiver.address]
        _run([*rule, "-j", "DROP"])

    def _plug(self, port: str, cable: str, namespace: str) -> None:
        """Lays a cable from a port of the switch to an interface, in this namespace if none is
        given."""
        inside = ["-n", namespace] if namespace else []
        where = ["netns", namespace] if namespace else ["netns", str(os.getpid())]
        _ip("-n", self._switch, "link", "add", port, "type", "veth", "peer", cable, *where)
        _ip("-n", self._switch, "link", "set", port, "master", "switch", "up")
        _ip(*inside, "link", "set", cable, "up")


def _names() -> list[str]:
    return sorted(path.name for path in _NETNS.glob(f"{_PREFIX}-*"))


def _remove_leftovers() -> None:
    """Removes the networks of processes that are gone: those that were killed could not do it."""
    _remove([name for name in _names() if not alive(int(name.split("-")[1]))])


def _remove(names: Sequence[str]) -> None:
    for name in names:
        for pid in _run(["ip", "netns", "pids", name]).split():
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        # Takes its interfaces and their other ends along.
        _ip("netns", "delete", name)


def _ip(*words: str) -> None:
    _run(["ip", *words])


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=_COMMAND_S, check=False)
    if done.returncode:
        raise NetworkFailed(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout
