"""A machine without any network: the whole command, in a network namespace of its own."""

import json
import subprocess
import sys

import pytest

RUN = f"{sys.executable} -m imdoctor run --format json"


@pytest.mark.needs("root", "netns")
@pytest.mark.parametrize("setup", ["true", "ip link set lo up"], ids=["nothing at all", "loopback alone"])
def test_no_network_is_the_only_cause(setup: str) -> None:
    """Without any network the one cause is that, the exit code is 2, and the run ends by itself."""
    done = subprocess.run(
        ["unshare", "-n", "sh", "-c", f"{setup}; exec {RUN}"], capture_output=True, text=True, check=False, timeout=30
    )
    report = json.loads(done.stdout)
    assert [cause["cause"] for cause in report["targets"][0]["diagnosis"]] == ["host.offline"]
    assert (report["status"], done.returncode) == ("fail", 2)


ICMP = {
    "icmp-net-unreachable": "tcp.unreachable",
    "icmp-host-unreachable": "tcp.unreachable",
    "icmp-port-unreachable": "tcp.refused",
    "icmp-net-prohibited": "tcp.prohibited",
    "icmp-host-prohibited": "tcp.prohibited",
    "icmp-admin-prohibited": "tcp.prohibited",
    "tcp-reset": "tcp.refused",
}


@pytest.mark.needs("root", "netns", "program:iptables")
@pytest.mark.parametrize("reject", ICMP)
def test_a_firewall_is_named_by_its_own_word(reject: str) -> None:
    """A real firewall's refusal, by each kind of ICMP message, is the first cause, under the right code."""
    firewall = f"iptables -A OUTPUT -p tcp --dport 443 -j REJECT --reject-with {reject}"
    setup = f"ip link set lo up; ip addr add 43.141.30.1/32 dev lo; {firewall}"
    script = f"{setup}; exec {RUN} 43.141.30.1 --no-third-party --check tcp"
    done = subprocess.run(
        ["unshare", "-n", "sh", "-c", script], capture_output=True, text=True, check=False, timeout=30
    )
    report = json.loads(done.stdout)
    assert [cause["cause"] for cause in report["targets"][0]["diagnosis"]] == [ICMP[reject]]
