"""The built-in checks, in the order in which a report shows them. They reach the engine by an entry point."""

from imdoctor_checks.client import Client
from imdoctor_checks.clock import Clock
from imdoctor_checks.dns import Dns
from imdoctor_checks.host import Host
from imdoctor_checks.probe import Probe
from imdoctor_checks.proxy import ProxyCheck
from imdoctor_checks.tcp import Tcp
from imdoctor_checks.tls import Tls
from imdoctor_checks.usersig import Usersig

CHECKS = (Client(), Host(), ProxyCheck(), Dns(), Tcp(), Tls(), Probe(), Usersig(), Clock())
