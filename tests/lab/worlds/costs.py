"""What a resolver's wrong place costs: other mirrors, near and far, dead, somebody else's."""

import re
import sys
from typing import Any

from tests.docs.pages import blocks
from tests.lab.model import AUTHORITY, ECHO, GATEWAY, PUBLIC, RESOLVER, SECOND, Outside, Server, Truth, World
from tests.lab.truth import ANSWERS, curl, dig, dropped, handshake
from tests.lab.wire import Manner
from tests.lab.worlds.egress import (
    CLIENT,
    DNSMASQ,
    ELSEWHERE,
    MIRRORS,
    NOTHING_MEASURABLE,
    OTHER,
    OWN,
    PUBLIC_EXIT,
    TWO,
    behind,
    elsewhere,
    leaves,
    through,
    whoami,
    with_,
)

SLOW_WIRE = Manner(delay=0.01)
COST = r"it costs (1[5-9]|2\d)\.\d ms a connection"


def costly(variant: str, title: str, **how: Any) -> World:
    """Return a world in which the resolver's mirror is 20 ms further away than the host's own, by a wire."""
    mirrored = {
        "outside": with_(ELSEWHERE, mirrors=MIRRORS),
        "servers": TWO,
        "near": (SECOND,),
        "wire": SLOW_WIRE,
        "sure": {"dns.egress-mismatch": "certain"},
        "says": COST,
        "truth": (
            ANSWERS,
            leaves(),
            dig(GATEWAY.replace(".", r"\.")),
            dig(SECOND.replace(".", r"\."), server=PUBLIC, arguments=f"+subnet={OWN}/24 +time=1 +tries=1"),
            curl(
                r"connect 0\.0[2-5]",
                arguments="-w 'connect %{time_connect}' --resolve console.tim.qq.com:443:" + GATEWAY,
            ),
            curl(
                r"connect 0\.0[01]", arguments="-w 'connect %{time_connect}' --resolve console.tim.qq.com:443:" + SECOND
            ),
        ),
    }
    return elsewhere(variant, title, **{**mirrored, **how})


def far(variant: str, title: str, *, outside: Outside) -> World:
    """Return one in which everything but the host's own mirror is 220 ms away, there and back."""
    return costly(
        variant,
        title,
        outside=outside,
        wire=Manner(delay=0.11),
        checks={"dns": {"slow": "2s"}},
        says=r"different; it costs 2\d\d\.\d ms a connection",
        truth=(
            ANSWERS,
            leaves(),
            whoami(OTHER),
            curl(r"connect 0\.[4-6]", arguments="-w 'connect %{time_connect}'"),
            curl(
                r"connect 0\.0[01]", arguments="-w 'connect %{time_connect}' --resolve console.tim.qq.com:443:" + SECOND
            ),
        ),
    )


def by_hand() -> tuple[Truth, ...]:
    """Return every line of the page on step 4 as a look: a command and what it prints, and the picture, whatever its times are."""
    run = f"{sys.executable} -m imdoctor run --config $HOME/imdoctor.yaml --check dns -v | tr -s ' \\n' ' '"
    looks = []
    for block in blocks("docs/step-4.md", ""):
        if not block.text.startswith("$"):
            words = re.escape(" ".join(block.text.split()))
            looks.append(Truth(script=run, says=re.sub(r"\d+\\\.\d\\ ms", r"[0-9.]+ ms", words)))
        for script, said in re.findall(r"(?m)^\$ (.*)\n((?:[^$].*(?:\n|\Z))+)", block.text):
            looks.append(Truth(script=script, says=re.escape(said.strip())))
    (connects,) = blocks("docs/step-4.md", "sh")
    told = rf"(?:{re.escape(GATEWAY)} 0\.(?:0[2-9]|[1-9])\d*\n{re.escape(SECOND)} 0\.\d*\n){{5}}"
    return (*looks, Truth(script=f"(\n{connects.text})", says=told))


COSTS = (
    elsewhere(
        "mirror-of-another",
        "Near the host somebody else answers at the address that its own prefix is given",
        outside=with_(ELSEWHERE, mirrors=MIRRORS),
        servers={GATEWAY: Server(), SECOND: Server(front="self-signed")},
        near=(SECOND,),
        wire=SLOW_WIRE,
        says="what it costs is not known",
        truth=(ANSWERS, leaves(), whoami(OTHER), handshake("self-signed", address=SECOND)),
    ),
    elsewhere(
        "mirror-within",
        "A public resolver gives the host's own prefix an address of its own network",
        outside=with_(ELSEWHERE, mirrors={"119.147.10.0/24": ("10.80.0.1",), "0.0.0.0/0": (GATEWAY,)}),
        setup=(("router", "iptables -A FORWARD -d 10.80.0.1 -p tcp --dport 443 -j REJECT"),),
        says="what it costs is not known",
        truth=(
            ANSWERS,
            leaves(),
            whoami(OTHER),
            dig(r"10\.80\.0\.1", server=PUBLIC, arguments=f"+subnet={OWN}/24 +time=1 +tries=1"),
            dropped(what="REJECT", none=True),
        ),
    ),
    elsewhere(
        "mirrors-not-by-prefix",
        "A public resolver gives every network what it gives the host's own prefix",
        outside=with_(ELSEWHERE, mirrors=MIRRORS, heeded=False),
        servers=TWO,
        near=(SECOND,),
        wire=SLOW_WIRE,
        says="what it costs is not known",
        truth=(
            ANSWERS,
            leaves(),
            whoami(OTHER),
            dig(r"CLIENT-SUBNET: 119\.147\.10\.0/24/0", server=PUBLIC, arguments=f"+subnet={OWN}/24 +time=1 +tries=1"),
        ),
    ),
    costly("costly", "The resolver's mirror is 20 ms further away than the one for the host's own prefix"),
    costly(
        "costly-stub",
        "The same behind a stub: each line of docs/step-4.md is true here",
        resolvers=behind(DNSMASQ, RESOLVER),
        nameservers=(DNSMASQ,),
        truth=(ANSWERS, *by_hand()),
    ),
    far(
        "costly-far",
        "Third parties and the resolver's mirror are 220 ms away: place and price are found in time",
        outside=with_(ELSEWHERE, mirrors=MIRRORS),
    ),
    far(
        "costly-far-no-file",
        "The same without a file: routing data shows the place",
        outside=with_(ELSEWHERE, mirrors=MIRRORS, files=()),
    ),
    costly(
        "costly-echoes-silent",
        "No file is at hand, and the echoes are silent: routing data and the cost show it",
        outside=with_(ELSEWHERE, mirrors=MIRRORS, files=()),
        setup=(("router", f"iptables -A FORWARD -d {ECHO} -j DROP"),),
        truth=(ANSWERS, leaves(), whoami(OTHER), dropped()),
    ),
    costly(
        "costly-public",
        "A public resolver that sends no subnet gives a mirror that is far",
        resolvers=(through(PUBLIC_EXIT),),
        outside=with_(ELSEWHERE, exits={CLIENT: (OWN,)}, mirrors=MIRRORS),
        truth=(
            ANSWERS,
            leaves(),
            dig(GATEWAY.replace(".", r"\."), server=PUBLIC_EXIT),
            curl(
                r"connect 0\.0[01]", arguments="-w 'connect %{time_connect}' --resolve console.tim.qq.com:443:" + SECOND
            ),
        ),
    ),
    costly(
        "costly-own-public-resolver",
        "A public resolver of the company's own choice is asked, and no other",
        checks={"dns": {"public_resolvers": [AUTHORITY]}},
        setup=(("router", f"iptables -A FORWARD -d {PUBLIC} -j DROP"),),
        truth=(
            ANSWERS,
            leaves(),
            dig(SECOND.replace(".", r"\."), server=AUTHORITY, arguments=f"+subnet={OWN}/24 +time=1 +tries=1"),
            dropped(what="DROP", none=True),
        ),
    ),
    costly(
        "mirrors-alike",
        "Other mirrors by prefix, as near as each other",
        near=(),
        wire=None,
        sure={"dns.egress-mismatch": "likely"},
        says=NOTHING_MEASURABLE,
        truth=(
            ANSWERS,
            leaves(),
            dig(GATEWAY.replace(".", r"\.")),
            dig(SECOND.replace(".", r"\."), server=PUBLIC, arguments=f"+subnet={OWN}/24 +time=1 +tries=1"),
        ),
    ),
)
