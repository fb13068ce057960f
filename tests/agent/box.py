"""A real systemd as process 1, in namespaces of its own: units are started in it, and journald keeps what they say.

Of the machine it sees the programs, read-only in effect: /etc and /dev are copies, and /opt, /run, /tmp and everything below /var that
units write to are empty. Its network is loopback alone. It needs root.
"""

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 60.0
"""Seconds for what takes one or two: a machine may be busy, and no test says how long something took."""
INIT = "/lib/systemd/systemd"
NEEDLESS = (
    "dev-hugepages.mount dev-mqueue.mount sys-fs-fuse-connections.mount sys-kernel-debug.mount sys-kernel-tracing.mount "
    "proc-sys-fs-binfmt_misc.automount systemd-binfmt.service systemd-modules-load.service systemd-sysctl.service "
    "systemd-remount-fs.service systemd-tmpfiles-setup.service systemd-tmpfiles-setup-dev.service "
    "systemd-udevd.service systemd-udev-trigger.service systemd-networkd.service systemd-resolved.service "
    "systemd-timesyncd.service getty.target cron.service systemd-tmpfiles-clean.timer apt-daily.timer "
    "apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer logrotate.timer man-db.timer"
)
"""What a machine starts for itself, and a box must not: it would meddle with the kernel that all share."""

BOOT = f"""
set -eu
mount --make-rprivate /
mount -t cgroup2 cgroup2 /sys/fs/cgroup  # over the machine's own, whatever that is: the box has its part of the tree alone
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/box/etc /run/box/kept /run/systemd/system
number=0
for folder; do  # what is kept of the folders that become empty is held aside meanwhile
  number=$((number + 1)); mkdir /run/box/kept/$number; mount --bind "$folder" /run/box/kept/$number
done
cp -a /etc/. /run/box/etc/
mount --bind /run/box/etc /etc
mkdir /run/box/dev
cp -a /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty /run/box/dev/
ln -s pts/ptmx /run/box/dev/ptmx
mount --bind /run/box/dev /dev
for folder in /opt /var/lib /var/log /var/cache; do mount -t tmpfs -o mode=755 tmpfs $folder; done
for folder in /tmp /var/tmp; do mount -t tmpfs -o mode=1777 tmpfs $folder; done
number=0
for folder; do
  number=$((number + 1)); mkdir -p "$folder"; mount --bind /run/box/kept/$number "$folder"
done
mount --make-rshared /  # LoadCredential= hands its files over by a mount that has to arrive
for unit in {NEEDLESS}; do ln -s /dev/null /run/systemd/system/$unit; done
ip link set lo up
export container=box PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
exec {INIT} --system --unit=basic.target
"""


@dataclass(frozen=True)
class Box:
    """A box that runs. ``init`` is the process id of its systemd, as it is seen from outside."""

    init: int

    def command(self, *words: str) -> list[str]:
        """Return a command that runs in the box."""
        return ["nsenter", "--target", str(self.init), "--all", *words]

    def run(self, *words: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run a command in the box."""
        done = subprocess.run(self.command(*words), capture_output=True, text=True, check=False, timeout=PATIENCE)
        assert done.returncode == 0 or not check, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def write(self, path: str, text: str) -> None:
        """Write a file in the box, readable by all."""
        script = 'mkdir -p "$(dirname "$1")" && cat >"$1.new" && chmod 644 "$1.new" && mv "$1.new" "$1"'
        subprocess.run(
            self.command("sh", "-c", script, "sh", path), input=text, text=True, check=True, timeout=PATIENCE
        )

    def show(self, unit: str, name: str) -> str:
        """Return a property of a unit."""
        return self.run("systemctl", "show", "--property", name, "--value", unit).stdout.strip()


def until(true: Callable[[], bool], what: Callable[[], str]) -> None:
    """Wait until something is so; fail with ``what`` when it is not so in a minute."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, what()
        time.sleep(0.1)


@contextmanager
def opened(kept: Sequence[Path]) -> Iterator[Box]:
    """Boot a box, and hand it out until it is no longer needed. ``kept`` are folders that it must see, wherever they are."""
    namespaces = ("--pid", "--mount", "--mount-proc", "--cgroup", "--net", "--uts", "--ipc")
    command = ["unshare", "--fork", "--kill-child", *namespaces, "sh", "-c", BOOT, "sh", *map(str, kept)]
    with _cgroup() as cgroup:
        entered = ("sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', str(cgroup), *command)
        with subprocess.Popen(entered, stdin=subprocess.DEVNULL) as leader:
            try:
                box = Box(_child(leader.pid))
                until(lambda: _booted(box), lambda: "the box does not boot: " + _state(box))
                yield box
            finally:
                leader.kill()


@contextmanager
def _cgroup() -> Iterator[Path]:
    """Make a control group below this process' own (cgroups(7)), and take it away again with all that came into it."""
    mounted = next(
        line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines() if " - cgroup2 " in line
    )
    own = next(line[3:] for line in Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::"))
    made = Path(mounted, own.strip("/"), f"imdoctor-box-{os.getpid()}")
    made.mkdir()
    try:
        yield made
    finally:
        # A group can go when its last process is gone for good, a moment after it was killed.
        until(lambda: _is_empty(made), lambda: f"processes of the box live on in {made}")
        for folder in sorted((it for it in made.rglob("*") if it.is_dir()), reverse=True):
            folder.rmdir()
        made.rmdir()


def _is_empty(cgroup: Path) -> bool:
    return "populated 0" in (cgroup / "cgroup.events").read_text()


def _child(parent: int) -> int:
    """Return the process id of a process' only child."""
    listed = Path(f"/proc/{parent}/task/{parent}/children")
    until(lambda: bool(listed.read_text().split()), lambda: "unshare did not start a process")
    return int(listed.read_text().split()[0])


def _state(box: Box) -> str:
    return box.run("systemctl", "is-system-running", check=False).stdout.strip()


def _booted(box: Box) -> bool:
    return _state(box) in {"running", "degraded"}
