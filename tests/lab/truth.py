"""Looks at a world by other means than imdoctor: curl, dig, openssl, a firewall's counters."""

from imdoctor.lab.front import HOST
from tests.lab.model import GATEWAY, RESOLVER, Truth


def curl(says: str, *, arguments: str = "", url: str = f"https://{HOST}/", host: str = "client") -> Truth:
    """Look at what curl says of the API, through the C library's resolver and the client's own trust store."""
    return Truth(host=host, script=f"curl -sS -i --http1.1 --max-time 8 {arguments} {url}", says=says)


API = f"https://{HOST}/v4/im_open_login_svc/account_check"
ANSWERS = curl('"ErrorCode": ?60002')
"""The API answers the anonymous GET in its own words: the way to it is sound."""


def call(says: str) -> Truth:
    """Look at what the service says to an authenticated call, made by curl with the usersig of the client's own file."""
    query = "sdkappid=1400000000&identifier=administrator&random=1&contenttype=json"
    body = '{"CheckItem": [{"UserID": "administrator"}]}'
    script = f"curl -sS --max-time 8 --url-query usersig@$HOME/usersig -d '{body}' '{API}?{query}'"
    return Truth(script=script, says=says)


def error_code(code: int) -> Truth:
    """Look at the ErrorCode of an authenticated call."""
    return call(rf'"ErrorCode": {code}\b')


def file_says(name: str, says: str, *, through: str = "cat") -> Truth:
    """Look at a file of the client's own: its configuration, its secret."""
    return Truth(script=f"{through} $HOME/{name}", says=says)


def moved_clock(seconds: float) -> Truth:
    """Look at how far a program on the client sees another time than the host it runs on."""
    script = f"echo $(($(faketime --exclude-monotonic -f '{seconds:+.0f}s' date +%s) - $(date +%s)))"
    return Truth(script=script, says=f"^({seconds - 1:.0f}|{seconds:.0f}|{seconds + 1:.0f})$")


def dig(
    says: str, *, server: str = RESOLVER, kind: str = "A", arguments: str = "+time=1 +tries=1", name: str = HOST
) -> Truth:
    """Look at what a resolver says."""
    return Truth(script=f"dig {arguments} @{server} {name} {kind}", says=says)


def handshake(says: str, *, address: str = GATEWAY, name: str = HOST, arguments: str = "") -> Truth:
    """Look at what a TLS client says of an address."""
    where = f"[{address}]" if ":" in address else address
    named = f"-servername {name} -verify_hostname {name}"
    script = f"timeout 4 openssl s_client -connect {where}:443 {named} -CAfile $SSL_CERT_FILE {arguments} </dev/null"
    return Truth(script=script, says=says)


def reachable(address: str = GATEWAY, port: int = 443, *, says: str) -> Truth:
    """Look at what a plain connect to an address says."""
    return Truth(script=f"nc -v -w 2 -z {address} {port} 2>&1; echo exit $?", says=says)


SILENT = "timed out|in progress"
REFUSED = "refused"


def dropped(
    host: str = "router",
    *,
    table: str = "iptables",
    chain: str = "FORWARD",
    what: str = "DROP|REJECT",
    none: bool = False,
) -> Truth:
    """See, when imdoctor is done, that a planted rule of a firewall caught something; or nothing, where that is the point."""
    packets = "0" if none else r"[1-9]\d*"
    return Truth(host=host, script=f"{table} -nvxL {chain}", says=rf"(?m)^\s*{packets}\s+\d+\s+({what})\b", after=True)
