"""Makes a machine with systemd out of namespaces: it has this machine's files, keeps its own writes
in memory, and has no network but a loopback of its own.

Where that is impossible (no root, no overlay, no cgroups that may be changed), `Machine.why_not`
says so. This machine's systemd is its PID 1; nothing that runs here is visible to it, or touched.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Self

from tests.eventually import eventually_sync

ROOT = Path(__file__).parents[2]
SYSTEMD = Path("/usr/lib/systemd/systemd")
NEEDED = ("unshare", "nsenter", "mount", "pivot_root", "setpriv", "ip", "systemctl")
INSTALLED = ("redis-server", "nginx", "openssl")  # by the page's apt-get

# In namespaces of its own. Of the units that this machine has enabled, only what is needed starts.
_BOOT = r"""
set -eu
mount --make-rprivate /
mount -t tmpfs tmpfs "$BASE"
mkdir "$BASE/upper" "$BASE/work" "$BASE/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$BASE/upper,workdir=$BASE/work" "$BASE/root"
cd "$BASE/root"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
for place in run tmp dev; do mount -t tmpfs tmpfs "$place"; done
mkdir dev/pts dev/shm
for device in null zero full random urandom tty; do
  touch "dev/$device" && mount --bind "/dev/$device" "dev/$device"
done
mount -t devpts devpts dev/pts -o newinstance,ptmxmode=0666 && ln -s pts/ptmx dev/ptmx
mount -t tmpfs tmpfs dev/shm
ip link set lo up
hostname pads
: > etc/machine-id && : > etc/fstab
echo '127.0.0.1 localhost pads pads.example.org' > etc/hosts
rm -rf etc/systemd/system/*.wants etc/padfleet etc/nginx/nginx.conf.d var/lib/redis var/log/journal
rm -rf usr/src/padfleet opt/padfleet
install -d -o redis -g redis -m 750 var/lib/redis
mkdir -p usr/src/padfleet opt/python opt/packages
mount --bind "$SOURCE" usr/src/padfleet && mount -o remount,bind,ro usr/src/padfleet
mount --bind "$PYTHON" opt/python && mount --bind "$PACKAGES" opt/packages
# What apt-get has begun where it has installed them.
mkdir etc/systemd/system/multi-user.target.wants
for unit in redis-server nginx; do
  ln -s "/lib/systemd/system/$unit.service" etc/systemd/system/multi-user.target.wants/
done
# Not by chroot: whoever is in one may make no namespace of users, as PrivateUsers= wants it.
pivot_root . mnt && umount -l mnt && cd /
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=padfleet-tests \
  "$SYSTEMD" --system --unit=multi-user.target
"""


class Machine:
    """Begins with systemd, Redis, nginx and padfleet's sources in /usr/src, and no more of it.

    The Python of the tests is in /opt/python, what it has installed in /opt/packages.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cgroup = _cgroups() / f"padfleet-tests-{os.getpid()}"

    @staticmethod
    def why_not() -> str:
        """Returns why there can be no such machine here; empty if there can be one."""
        missing = [name for name in (*NEEDED, *INSTALLED) if shutil.which(name) is None]
        if missing:
            return f"there is no {', '.join(missing)}"
        if not SYSTEMD.exists():
            return "there is no systemd"
        if os.geteuid() != 0:
            return "only root may make namespaces with cgroups"
        try:
            probe = _cgroups() / f"padfleet-probe-{os.getpid()}"
            probe.mkdir()
            probe.rmdir()
        except (OSError, LookupError) as error:
            return f"no cgroup can be made: {error}"
        tried = subprocess.run(
            [*_UNSHARE, "sh", "-ec", _PROBE], capture_output=True, text=True, check=False
        )
        return f"no namespaces with an overlay: {tried.stderr.strip()}" if tried.returncode else ""

    def __enter__(self) -> Self:
        (self._folder / "base").mkdir()
        self._cgroup.mkdir()
        environ = {
            **os.environ,
            "BASE": str(self._folder / "base"),
            "SOURCE": str(ROOT),
            "PYTHON": sys.base_prefix,
            "PACKAGES": sysconfig.get_path("purelib"),
            "SYSTEMD": str(SYSTEMD),
        }
        move = f"echo 0 > {shlex.quote(str(self._cgroup / 'cgroup.procs'))}"
        run = shlex.join([*_WITH_US, *_UNSHARE, "bash", "-c", _BOOT])
        with (self._folder / "boot.log").open("wb") as log:
            self._outer = subprocess.Popen(
                ["bash", "-c", f"{move} && exec {run}"], env=environ, stdout=log, stderr=log
            )
        try:
            eventually_sync(self._booted, "the machine has booted", timeout=60)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _booted(self) -> bool:
        said = (self._folder / "boot.log").read_text(errors="replace")
        assert self._outer.poll() is None, f"the machine has ended:\n{said[-3000:]}"
        with contextlib.suppress(LookupError, OSError):
            state = self.run("systemctl is-system-running", check=False).strip()
            return state in ("running", "degraded")
        return False

    def __exit__(self, *_: object) -> None:
        """Ends PID 1, and with it all of its processes."""
        with contextlib.suppress(LookupError, OSError):
            os.kill(self._init(), signal.SIGKILL)
        self._outer.kill()
        self._outer.wait()

        def cleared() -> bool:
            below = sorted(self._cgroup.rglob("*/"), reverse=True)
            with contextlib.suppress(OSError):
                for folder in [*below, self._cgroup]:
                    folder.rmdir()
            return not self._cgroup.exists()

        eventually_sync(cleared, "its cgroup is gone", timeout=30)

    def _init(self) -> int:
        """Returns the process id, outside, of its PID 1."""
        outer = self._outer.pid
        children = Path(f"/proc/{outer}/task/{outer}/children").read_text().split()
        if not children:
            raise LookupError("it has not begun")
        return int(children[0])

    def command(self, line: str) -> list[str]:
        """Returns the command that runs a line of a shell in the machine, as root."""
        enter = ["nsenter", "--target", str(self._init()), "--all", "--root", "--wd"]
        environ = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "EDITOR=true"]
        trusted = "SSL_CERT_FILE=/etc/ssl/pads.pem"
        return [*enter, *environ, trusted, "LC_ALL=C.UTF-8", "bash", "-ec", f"cd /\n{line}"]

    def run(self, line: str, *, check: bool = True, timeout: float = 100) -> str:
        """Runs a line, and returns what it prints. If it fails and `check` is set, AssertionError
        has all of its output."""
        done = subprocess.run(
            self.command(line), capture_output=True, text=True, timeout=timeout, check=False
        )
        assert not check or done.returncode == 0, f"{line}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def property(self, unit: str, name: str) -> str:
        return self.run(f"systemctl show --value --property={name} {unit}").strip()


_UNSHARE = (
    "unshare",
    "--pid",
    "--mount",
    "--cgroup",
    "--uts",
    "--ipc",
    "--net",
    "--fork",
    "--kill-child=SIGKILL",
)

# It ends with the tests, however those end.
_WITH_US = ("setpriv", "--pdeathsig", "KILL")

_PROBE = """
mount --make-rprivate /
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
mount -t cgroup2 cgroup2 /mnt/root/sys
"""


def _cgroups() -> Path:
    """Returns where the second version of cgroups is mounted. Raises LookupError if it is not."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        if found := re.match(r"\S+ (\S+) cgroup2 ", line):
            return Path(found[1])
    raise LookupError("no cgroup2 is mounted")
