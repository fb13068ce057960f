"""What the codes of the `proxy` check mean."""

from collections.abc import Mapping

from imdoctor import Spec

CURL = "Try by hand: `curl -sv -x {proxy} https://{endpoint}/`."
ABOVE = ("tls.*", "probe.*", "clock.blocked")

FINDINGS: Mapping[str, Spec] = {
    "proxy.in-use": Spec(
        "info",
        title="The call goes through a proxy",
        message="calls go through {proxy} (from {source})",
        why="The proxy resolves the name and connects; what this host's resolver and routes say does not matter to the call.",
        remedy=("If the call should go direct, put {host} into NO_PROXY, or write `proxy: none` for this target.",),
        confidence="certain",
    ),
    "proxy.unreachable": Spec(
        "fail",
        title="The proxy cannot be reached",
        message="{proxy} (from {source}) cannot be reached ({error})",
        why="Every call goes through the proxy, and no connection to it comes about.",
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
        remedy=(CURL, "Ask those who run the proxy to allow CONNECT to {endpoint}."),
        explains=ABOVE,
        confidence="certain",
    ),
    "proxy.upstream-failed": Spec(
        "fail",
        title="The proxy itself cannot reach the target",
        message="{proxy} answers {status} ({reason}) to CONNECT {endpoint}",
        why="The proxy is reached, and cannot resolve the name or connect to it.",
        remedy=(CURL, "Ask those who run the proxy to look at its resolver and its own way out to {endpoint}."),
        explains=ABOVE,
        confidence="certain",
    ),
    "proxy.broken": Spec(
        "fail",
        title="What answers as the proxy is none",
        message="{proxy} gives no sane answer to CONNECT ({error})",
        why="Another service listens on that port, or the proxy is out of order.",
        remedy=(CURL, "Check the host and port in {source}: a proxy speaks plain HTTP there."),
        explains=ABOVE,
        confidence="certain",
    ),
    "proxy.required": Spec(
        "fail",
        title="The target can be reached through the proxy only",
        message="the direct way fails; through {proxy} (from {source}) a tunnel opens",
        why="The network lets traffic out through the proxy only, and this target goes direct.",
        remedy=(
            "Take {host} out of NO_PROXY, or write `proxy: env` for this target; the application needs the proxy as well.",
            CURL,
        ),
        explains=("tcp.*", "tls.*", "probe.*", "clock.blocked", "dns.*"),
        confidence="certain",
    ),
}
