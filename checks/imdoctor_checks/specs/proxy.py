"""What the codes of the `proxy` check mean."""

from collections.abc import Mapping

from imdoctor import Spec

CURL = "Try by hand: `curl -sv -x {proxy} https://{endpoint}/`."
ABOVE = ("tls.*", "probe.*", "clock.blocked")
WAY = (
    "See which way curl takes: `curl -sv -o /dev/null -m 10 https://{endpoint}/ 2>&1 | grep -i -e proxy -e "
    "'connected to'`."
)

FINDINGS: Mapping[str, Spec] = {
    "proxy.in-use": Spec(
        "info",
        title="The call goes through a proxy",
        message="calls go through {proxy} (from {source})",
        why="The proxy resolves the name and connects; what this host's resolver and routes say does not matter to the call.",
        causes=(
            "The environment names it: https_proxy, HTTPS_PROXY, all_proxy or ALL_PROXY is set.",
            "The target's own `proxy:` names it.",
        ),
        confirm=(
            "Show the variables: `env | grep -i _proxy`.",
            WAY,
        ),
        remedy=("If the call should go direct, put {host} into NO_PROXY, or write `proxy: none` for this target.",),
        confidence="certain",
    ),
    "proxy.unreachable": Spec(
        "fail",
        title="The proxy cannot be reached",
        message="{proxy} (from {source}) cannot be reached ({error})",
        why="Every call goes through the proxy, and no connection to it comes about.",
        causes=(
            "The address or the port is mistyped, or the proxy has moved.",
            "The proxy does not run.",
            "A firewall between this machine and the proxy drops or refuses the connection.",
        ),
        confirm=(
            CURL,
            "Try its port: `nc -vz -w 5 PROXY_HOST PROXY_PORT`.",
            (
                "Show where the variables are set: `env | grep -i _proxy; grep -rn -i _proxy /etc/environment "
                "/etc/profile.d`."
            ),
        ),
        remedy=(
            CURL,
            "Check the address in {source}, and that the proxy is running.",
            "If this target should go direct, put {host} into NO_PROXY.",
        ),
        explains=ABOVE,
        confidence="certain",
    ),
    "proxy.auth-required": Spec(
        "fail",
        title="The proxy wants a user and a password",
        message="{proxy} answers 407 ({scheme})",
        why="The proxy lets nobody through unnamed, and the call named nobody, or somebody whom the proxy does not know.",
        causes=(
            "The proxy's URL holds no user and password.",
            "The password has been changed, or the account is locked.",
            "The password holds characters that must be percent-encoded, and are not.",
            "The proxy wants a scheme that a URL cannot serve, such as Negotiate or NTLM.",
        ),
        confirm=(
            CURL,
            (
                "See which scheme it wants: `curl -sv -o /dev/null -x {proxy} https://{endpoint}/ 2>&1 | grep -i "
                "proxy-authenticate`."
            ),
            (
                "Try with a user; curl asks for the password: `curl -sv -o /dev/null -x {proxy} -U USER "
                "https://{endpoint}/`."
            ),
        ),
        remedy=(
            "Write them into the proxy's URL: `http://USER:PASSWORD@HOST:PORT`, percent-encoded where they hold `@`, `:` or `/`.",
            CURL,
        ),
        explains=ABOVE,
        confidence="certain",
        final=True,
    ),
    "proxy.denied": Spec(
        "fail",
        title="The proxy denies the tunnel",
        message="{proxy} answers {status} ({reason}) to CONNECT {endpoint}",
        why="Its rules do not allow a tunnel to this host and port.",
        causes=(
            "The proxy's list of allowed hosts does not hold this one.",
            "The proxy allows CONNECT to port 443 only, and the endpoint has another.",
            "This machine's address is not among the proxy's clients.",
        ),
        confirm=(
            CURL,
            (
                "Try another host through it, which shows whether the rule is about this one: `curl -sv -o "
                "/dev/null -x {proxy} https://OTHER_HOST/`."
            ),
        ),
        remedy=(CURL, "Ask those who run the proxy to allow CONNECT to {endpoint}."),
        explains=ABOVE,
        confidence="certain",
    ),
    "proxy.upstream-failed": Spec(
        "fail",
        title="The proxy itself cannot reach the target",
        message="{proxy} answers {status} ({reason}) to CONNECT {endpoint}",
        why="The proxy is reached, and cannot resolve the name or connect to it.",
        causes=(
            "The proxy's own resolver does not resolve the name.",
            "A firewall behind the proxy does not let it out to the host.",
            "The proxy hands the call to another proxy, which is out of order.",
        ),
        confirm=(
            CURL,
            "On the proxy's own machine, resolve and try: `getent ahosts {host}; nc -vz -w 5 {host} {port}`.",
        ),
        remedy=(CURL, "Ask those who run the proxy to look at its resolver and its own way out to {endpoint}."),
        explains=ABOVE,
        confidence="certain",
    ),
    "proxy.broken": Spec(
        "fail",
        title="What answers as the proxy is none",
        message="{proxy} gives no sane answer to CONNECT ({error})",
        why="Another service listens on that port, or the proxy is out of order.",
        causes=(
            "The port is another service's: a web server, or the proxy's administration page.",
            "The proxy speaks another protocol than its URL says: SOCKS, or HTTP inside of TLS.",
            "The proxy is overloaded or out of order: it accepts connections and closes them.",
        ),
        confirm=(
            CURL,
            (
                "Say the words yourself and see what comes back: `printf 'CONNECT {endpoint} HTTP/1.1\\r\\nHost: "
                "{endpoint}\\r\\n\\r\\n' | nc -w 5 PROXY_HOST PROXY_PORT`."
            ),
            (
                "Try whether it is a proxy of the SOCKS kind: `curl -sv -o /dev/null -m 10 -x "
                "socks5h://PROXY_HOST:PROXY_PORT https://{endpoint}/`."
            ),
        ),
        remedy=(CURL, "Check the host and port in {source}: a proxy speaks plain HTTP there."),
        explains=ABOVE,
        confidence="certain",
    ),
    "proxy.required": Spec(
        "fail",
        title="The target can be reached through the proxy only",
        message="the direct way fails; through {proxy} (from {source}) a tunnel opens",
        why="The network lets traffic out through the proxy only, and this target goes direct.",
        causes=(
            "This network lets traffic out through its proxy only, and the target goes direct.",
            "NO_PROXY holds a pattern that is wider than it was meant to be.",
            "The application runs without the variables: systemd and cron do not read a shell's profile.",
        ),
        confirm=(
            "Try the direct way: `curl -sv -o /dev/null -m 5 --noproxy '*' https://{endpoint}/`.",
            CURL,
            "See which variables the application has: `tr '\\0' '\\n' </proc/PID/environ | grep -i _proxy`.",
        ),
        remedy=(
            "Take {host} out of NO_PROXY, or write `proxy: env` for this target; the application needs the proxy as well.",
            CURL,
        ),
        explains=("tcp.*", "tls.*", "probe.*", "clock.blocked", "dns.*"),
        confidence="certain",
    ),
}
