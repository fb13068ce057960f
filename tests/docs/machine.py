"""A fresh machine to follow a page on: a box with systemd, the lab's gateway in reach, and nothing of imdoctor in it."""

import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from tests.agent.box import Box
from tests.agent.installed import booted
from tests.docs.pages import ROOT, Block

ADDRESS = "10.0.0.12"
"""The machine's own, as the pages have it."""
NETWORK = f"""
ip link add eth0 type veth peer name wire
ip address add {ADDRESS}/24 dev eth0
ip link set wire up
ip link set eth0 up
ip route add default via 10.0.0.1
"""


def from_here(folder: str) -> str:
    """Return what has a virtual environment take the imdoctor that is tested, and what it needs, from where these tests have them."""
    return f"""
sed '1c #!{folder}/bin/python3' '{sysconfig.get_path("scripts")}/imdoctor' >{folder}/bin/imdoctor
chmod 755 {folder}/bin/imdoctor
cd {folder}/lib/python3*/site-packages
echo 'import site; site.addsitedir("{sysconfig.get_path("purelib")}")' >imdoctor.pth
cd "$OLDPWD"
"""


@dataclass(frozen=True)
class Machine:
    """A machine, and what is typed on it ``instead`` of certain lines of a page."""

    box: Box
    instead: Mapping[str, str]

    def type(self, line: str) -> str:
        """Type a line of a page as root, in a checkout of the project, and return what it says. It has to end well."""
        return self.shell(self.instead.get(re.sub(r"\s+# .*", "", line), line))

    def shell(self, script: str) -> str:
        """Run a script, as the pages' lines are run."""
        path = f"{sys.base_prefix}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        own = ("HOME=/root", f"PATH={path}", "LC_ALL=C.UTF-8")
        done = self.box.run("env", "-i", f"--chdir={ROOT}", *own, "sh", "-ec", script, check=False)
        assert done.returncode == 0, f"{script}: {done.returncode}\n{done.stdout}{done.stderr}\n{self.told()}"
        return done.stdout + done.stderr

    def type_all(self, text: str) -> None:
        """Type a block of a page, line by line."""
        for line in Block("sh", text).lines:
            self.type(line)

    def edit(self, text: str) -> None:
        """Write a drop-in where the command in the text's first line, `# systemctl edit UNIT`, has one written."""
        unit = text.splitlines()[0].removeprefix("# systemctl edit ")
        self.box.write(f"/etc/systemd/system/{unit}.d/override.conf", text)
        self.box.run("systemctl", "daemon-reload")

    def told(self) -> str:
        """Return what the machine's units said last, for a line that fails."""
        return self.box.run("journalctl", "--no-pager", "--lines=40", "--output=cat", check=False).stdout

    @contextmanager
    def running(self, *words: str) -> Iterator[None]:
        """Run a program in the machine, with the tests' own modules, until the block's end."""
        command = self.box.command("env", f"--chdir={ROOT}", sys.executable, *words)
        with subprocess.Popen(command, env=os.environ) as process:
            try:
                yield
            finally:
                process.kill()


@contextmanager
def machine(instead: Mapping[str, str]) -> Iterator[Machine]:
    """Boot a machine."""
    with booted() as box:
        made = Machine(box, instead)
        made.shell(NETWORK)
        yield made
