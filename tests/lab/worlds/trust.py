"""Faults of the TLS handshake: certificates, trust stores, clocks, versions, filters."""

from typing import Any

from imdoctor.lab.gateway import Answering
from imdoctor.lab.world import Credentials
from tests.lab.model import BACKUP_ADDRESS, DAY, GATEWAY, Server, Truth, World
from tests.lab.truth import ANSWERS, curl, dropped, handshake, moved_clock

PASS = "location / { proxy_pass http://127.0.0.1:8080; }"
SNI = f"iptables -A FORWARD -p tcp -d {GATEWAY} --dport 443 -m string --algo bm --string console.tim.qq.com -j"
TLS13_HELLO = (
    f"iptables -A FORWARD -p tcp -d {GATEWAY} --dport 443 -m string --algo bm --hex-string '|002b00050403040303|' -j"
)
SOUND = Credentials()
KEY_OF_THE_LEAF = f"openssl s_client -connect {GATEWAY}:443 </dev/null | openssl x509 -noout -text | grep Public-Key"
SHADY = Server(front="by:Shady Trust CA")


def front(name: str, title: str, word: str, *says: Truth, **more: Any) -> World:
    """Return a world whose server shows one front; its code is the name's first part."""
    servers = {GATEWAY: Server(front=word)}
    return World(name=name, title=title, expect=(name.partition("/")[0],), servers=servers, truth=says, **more)


def behind_nginx(name: str, title: str, *lines: str, says: str, arguments: str = "") -> World:
    """Return a world whose server is nginx with these lines."""
    server = Server(nginx=(*lines, PASS))
    return World(
        name=name,
        title=title,
        expect=(name.partition("/")[0],),
        servers={GATEWAY: server},
        truth=(handshake(says, arguments=arguments),),
    )


def clocked(
    name: str,
    title: str,
    clock: float,
    *,
    credentials: Credentials = SOUND,
) -> World:
    """Return a world whose client's clock is wrong."""
    return World(
        name=name,
        title=title,
        expect=("clock.skewed",),
        clock=clock,
        credentials=credentials,
        truth=(ANSWERS, moved_clock(clock)),
    )


TLS = (
    front("tls.cert-expired/leaf", "The certificate has expired", "expired", handshake("certificate has expired")),
    World(
        name="tls.cert-expired/no-date",
        title="The certificate has expired, and no answer tells the server's time",
        expect=("tls.cert-expired",),
        sure={"tls.cert-expired": "possible"},
        servers={GATEWAY: Server(front="expired", answering=Answering(date_shift=None))},
        truth=(handshake("certificate has expired"), curl("(?s)^(?!.*[Dd]ate:).*60002", arguments="-k")),
    ),
    front(
        "tls.cert-not-yet-valid/leaf", "The certificate is not yet valid", "not-yet-valid", handshake("not yet valid")
    ),
    front(
        "tls.cert-hostname/other-name",
        "The certificate is for another name",
        "other-name",
        handshake("[Hh]ostname mismatch"),
    ),
    front(
        "tls.cert-self-signed/leaf",
        "The certificate is self-signed",
        "self-signed",
        handshake("self.signed certificate"),
    ),
    front(
        "tls.chain-incomplete/intermediate",
        "The intermediate is missing",
        "no-intermediate",
        handshake("unable to (get local issuer|verify the first)"),
    ),
    front(
        "tls.cert-expiring/10-days",
        "The certificate expires in 10 days",
        "expiring",
        ANSWERS,
        handshake("Verification: OK"),
    ),
    front(
        "tls.weak/rsa-1024",
        "The certificate's key is RSA with 1024 bits",
        "rsa1024",
        Truth(script=KEY_OF_THE_LEAF, says=r"1024 bit"),
    ),
    front(
        "tls.intercepted/inspector",
        "An inspecting firewall's authority, unknown to this host",
        "inspected",
        handshake("FortiGate"),
    ),
    World(
        name="tls.cert-untrusted/everywhere",
        title="The service and its backup domain show the same authority, which this host does not know",
        expect=("tls.cert-untrusted",),
        servers={GATEWAY: SHADY},
        backup=SHADY,
        truth=(handshake("Shady Trust CA(?s:.*)self.signed certificate in certificate chain"),),
    ),
    World(
        name="tls.intercepted/unknown-root",
        title="An unknown authority vouches for this name alone",
        expect=("tls.intercepted",),
        servers={GATEWAY: SHADY},
        truth=(
            handshake("Shady Trust CA"),
            handshake("Verification: OK", address=BACKUP_ADDRESS, name="adminapi.my-imcloud.com"),
        ),
    ),
    World(
        name="tls.intercepted/local-root",
        title="A root that was installed on this host vouches for the service",
        expect=("tls.intercepted",),
        servers={GATEWAY: Server(front="by:Corporate CA")},
        store=("Lab Root", "Corporate CA"),
        truth=(ANSWERS, handshake("Corporate CA")),
    ),
    World(
        name="tls.ca-store-outdated/old-store",
        title="This host's store is too old to know the authority",
        expect=("tls.ca-store-outdated",),
        store=("Other Root",),
        truth=(
            handshake("unable to get local issuer certificate"),
            Truth(
                script="openssl storeutl -noout -text -certs $(dirname $SSL_CERT_FILE)/reference.pem | grep Subject:",
                says="Lab Root",
            ),
        ),
    ),
    World(
        name="tls.cert-expired/one-address-of-two",
        title="One address of the service is sound, the other's certificate has expired",
        expect=("tls.cert-expired",),
        servers={GATEWAY: Server(), "43.141.10.2": Server(front="expired")},
        truth=(handshake("Verification: OK"), handshake("certificate has expired", address="43.141.10.2")),
    ),
    clocked(
        "clock.skewed/year-behind", "The host's clock is a year behind: the certificate looks not yet valid", -365 * DAY
    ),
    clocked("clock.skewed/year-ahead", "The host's clock is two years ahead: the certificate looks expired", 730 * DAY),
    clocked(
        "clock.skewed/usersig-from-elsewhere",
        "The clock is 10 minutes behind: a usersig made elsewhere just now looks not yet valid",
        -600.0,
        credentials=Credentials(kind="usersig", age=-540.0),
    ),
    clocked("clock.skewed/usersig-made-here", "The clock is 10 minutes ahead: a usersig made here is refused", 600.0),
    clocked(
        "clock.skewed/harmless",
        "The clock is a minute behind, which breaks nothing",
        -60.0,
        credentials=Credentials(age=900.0, kind="usersig"),
    ),
    front(
        "tls.not-tls/http",
        "Plain HTTP on the port",
        "http",
        Truth(script=f"curl -sS -i http://{GATEWAY}:443/", says="400 Bad Request"),
    ),
    front(
        "tls.not-tls/ssh",
        "SSH on the port",
        "ssh",
        Truth(script=f"timeout 2 nc {GATEWAY} 443 </dev/null", says="SSH-2.0"),
    ),
    behind_nginx(
        "tls.protocol-version/tls-1.0",
        "TLS 1.0 alone",
        "ssl_protocols TLSv1;",
        "ssl_ciphers ALL:@SECLEVEL=0;",
        says="alert protocol version|unsupported protocol",
        arguments="-min_protocol TLSv1.2",
    ),
    World(
        name="tls.protocol-version/tls-1.3-filtered",
        title="A box on the way resets every ClientHello that offers TLS 1.3",
        expect=("tls.protocol-version",),
        setup=(("router", f"{TLS13_HELLO} REJECT --reject-with tcp-reset"),),
        truth=(
            handshake("errno=104|reset", arguments="-min_protocol TLSv1.2"),
            handshake("Verification: OK", arguments="-tls1_2"),
            dropped(),
        ),
    ),
    behind_nginx(
        "tls.no-shared-cipher/rsa-only",
        "No cipher in common",
        "ssl_protocols TLSv1.2;",
        "ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256;",
        says="alert handshake failure",
    ),
    front(
        "tls.client-cert-required/tls-1.3",
        "A client certificate is wanted",
        "client-certificate",
        handshake("(?i)client certificate"),
        curl("Empty reply|certificate required|reset by peer"),
    ),
    front(
        "tls.client-cert-required/tls-1.2",
        "A client certificate is wanted, by TLS 1.2",
        "client-certificate-tls1.2",
        handshake("(?i)client certificate"),
        curl("handshake failure|alert|SYSCALL"),
    ),
    front(
        "tls.closed/after-hello",
        "The stream ends after the ClientHello",
        "closed",
        handshake("unexpected eof|no peer certificate"),
    ),
    front(
        "tls.reset/after-hello",
        "A reset after the ClientHello, whatever the name",
        "reset",
        handshake("errno=104|reset"),
    ),
    front("tls.timeout/after-hello", "Silence after the ClientHello, whatever the name", "silent", curl("timed out")),
    World(
        name="tls.sni-filtered/reset",
        title="A box on the way resets every ClientHello with the service's name",
        expect=("tls.sni-filtered",),
        setup=(("router", f"{SNI} REJECT --reject-with tcp-reset"),),
        truth=(handshake("errno=104|reset"), handshake("Verification: OK", name="adminapi.my-imcloud.com"), dropped()),
    ),
    World(
        name="tls.sni-filtered/drop",
        title="A box on the way drops every ClientHello with the service's name",
        expect=("tls.sni-filtered",),
        setup=(("router", f"{SNI} DROP"),),
        truth=(curl("timed out"), handshake("Verification: OK", name="adminapi.my-imcloud.com"), dropped()),
    ),
    front(
        "tls.slow/1.3-s",
        "The handshake takes 1.3 s",
        "late:1.3",
        curl(r"handshake 1\.[3-9]", arguments="-w 'handshake %{time_appconnect}'"),
    ),
)
