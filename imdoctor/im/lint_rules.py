"""What the documents say of a request, as rules with stable codes: data, no judgement."""

import functools
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType
from typing import Literal

import msgspec

Severity = Literal["fail", "warn", "info"]

OVERVIEW = 'the "RESTful API Overview" of 2020-02-20'
NEWER = "the newer official documents"
SDK = "Tencent's own web SDK; no document"


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule: what is right, who says so, and what to write instead.

    ``fail``: a document forbids it, or the call cannot succeed. ``warn``: advice, or what a text alone cannot settle.
    ``info``: worth knowing.
    """

    severity: Severity
    says: str
    source: str
    instead: str


class Background(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be said of a rule besides, all of it imdoctor's own: what it comes to, and by which step of the vendor's list.

    ``causes`` are what usually brings it about, the commonest first, and ``confirm`` is how to see that by hand.
    """

    code: str
    title: str
    causes: tuple[str, ...]
    confirm: tuple[str, ...]
    step: int | None


@functools.cache
def background() -> Mapping[str, Background]:
    """Return what is to be said of each rule besides, by its code."""
    data = resources.files("imdoctor.im").joinpath("lint_rules.json").read_bytes()
    return MappingProxyType({one.code: one for one in msgspec.json.decode(data, type=tuple[Background, ...])})


def _required(name: str, instead: str) -> Rule:
    return Rule(severity="fail", says=f"Every call carries {name} in its URL.", source=OVERVIEW, instead=instead)


RULES: Mapping[str, Rule] = MappingProxyType({
    "request.unquoted-ampersand": Rule(
        severity="fail",
        says="A shell ends the command at an & that is not quoted, and runs it in the background without the rest.",
        source="POSIX, Shell Command Language, 2.9.3",
        instead="Put the URL between single quotes.",
    ),
    "request.not-https": Rule(
        severity="fail",
        says="The API is called by HTTPS only.",
        source=OVERVIEW,
        instead="Write https://. Without it the usersig goes over the network in the clear.",
    ),
    "request.method": Rule(
        severity="fail",
        says="The method is POST only.",
        source=OVERVIEW,
        instead="Send a POST; with curl a body by -d makes it one.",
    ),
    "request.version": Rule(
        severity="fail",
        says="The version in the path is always v4, in this case.",
        source=OVERVIEW,
        instead="Begin the path with /v4/.",
    ),
    "request.path": Rule(
        severity="fail",
        says="The path is /v4/SERVICENAME/COMMAND.",
        source=OVERVIEW,
        instead="Take the service's and the command's name from the page of the API that you call.",
    ),
    "request.parameter-case": Rule(
        severity="fail",
        says="The parameters' names are sdkappid, identifier, usersig, random and contenttype; their case counts.",
        source=OVERVIEW,
        instead="Write the names in lower case, as documented.",
    ),
    "request.no-sdkappid": _required("sdkappid", "Add sdkappid= with the app's number from the console."),
    "request.no-identifier": _required("identifier", "Add identifier= with the name of an app admin account."),
    "request.no-usersig": _required("usersig", "Add usersig= with the usersig of that account."),
    "request.no-random": _required("random", "Add random= with a number from 0 to 4294967295."),
    "request.no-contenttype": _required("contenttype", "Add contenttype=json."),
    "request.duplicate-parameter": Rule(
        severity="warn",
        says="Each parameter stands once in the documented URL; which of two counts, no document says.",
        source=OVERVIEW,
        instead="Leave one of them out.",
    ),
    "request.unknown-parameter": Rule(
        severity="warn",
        says="The URL's parameters are sdkappid, identifier, usersig, random and contenttype, and no others.",
        source=OVERVIEW,
        instead="Put what belongs to the command into the JSON body, and leave the rest out.",
    ),
    "request.fragment": Rule(
        severity="warn",
        says="What follows a # stays with the client and never reaches a server.",
        source="RFC 3986, 3.5",
        instead="Leave the # out, or write %23 where it belongs to a value.",
    ),
    "request.sdkappid": Rule(
        severity="fail",
        says="An SDKAppID is a whole number.",
        source=NEWER,
        instead="Write the app's number from the console, digits alone.",
    ),
    "request.identifier": Rule(
        severity="fail",
        says="An identifier has at most 32 bytes.",
        source=NEWER,
        instead="Write the name of an app admin account as the console has it.",
    ),
    "request.contenttype": Rule(
        severity="fail",
        says="contenttype is always json, in this case.",
        source=OVERVIEW,
        instead="Write contenttype=json.",
    ),
    "request.random": Rule(
        severity="fail",
        says="random is an unsigned 32-bit integer, from 0 to 4294967295.",
        source=OVERVIEW,
        instead="Draw a whole number in that range for each call.",
    ),
    "request.random-constant": Rule(
        severity="info",
        says="random is a random number. Whether it is drawn anew for each call cannot be seen in one request.",
        source=OVERVIEW,
        instead="Draw it anew for each call.",
    ),
    "request.usersig-double-encoded": Rule(
        severity="fail",
        says="In a URL a value is percent-encoded once.",
        source="RFC 3986, 2.4",
        instead="Keep the usersig as the library returned it, and let the HTTP client encode it.",
    ),
    "request.usersig-alphabet": Rule(
        severity="fail",
        says="A usersig has letters, digits, and * for +, - for /, _ for =. In a query a + is read as a blank by many servers.",
        source="the official usersig libraries",
        instead="Make the usersig with an official library, and do not convert its base64.",
    ),
    "request.usersig-truncated": Rule(
        severity="fail",
        says="A usersig is one deflated document: without its end nothing of it can be read (error 70003).",
        source=NEWER,
        instead="Look for a column, a buffer or a copied line that is too short.",
    ),
    "request.usersig-malformed": Rule(
        severity="fail",
        says="A usersig is a JSON document, deflated, in base64 with *-_ for +/=.",
        source="the official usersig libraries",
        instead="Make a new one with an official library, or by `imdoctor usersig new`.",
    ),
    "request.usersig-expired": Rule(
        severity="fail",
        says="A usersig that has expired is refused (error 70001).",
        source=NEWER,
        instead="Make a new one; a lifetime of 24 hours or more is advised.",
    ),
    "request.usersig-not-yet-valid": Rule(
        severity="fail",
        says="A usersig counts from the time that stands in it.",
        source="the official usersig libraries",
        instead="Compare the clock of the machine that made it with this one's, and make a new one.",
    ),
    "request.usersig-other-app": Rule(
        severity="fail",
        says="The SDKAppID of the URL and the one in the usersig must be the same (error 70014).",
        source=NEWER,
        instead="Make the usersig with the key of the app that you call.",
    ),
    "request.usersig-other-identifier": Rule(
        severity="fail",
        says="The identifier of the URL and the one in the usersig must be the same, their case included (error 70013).",
        source=NEWER,
        instead="Make the usersig for the account that you call as.",
    ),
    "request.site-mismatch": Rule(
        severity="warn",
        says="Each SDKAppID lives at one site, and only that site's domain answers for it. The ranges of numbers stand in no document: "
        "a call with a valid credential settles it.",
        source=SDK,
        instead="Use the domain of the site where the app was made.",
    ),
    "request.unknown-domain": Rule(
        severity="warn",
        says="The documents list the domains of each site; this is none of them.",
        source=NEWER,
        instead="Call the domain of the app's site, unless this is a proxy of your own.",
    ),
    "request.former-domain": Rule(
        severity="warn",
        says="The documents no longer list this site.",
        source=NEWER,
        instead="See in the console at which site the app lives.",
    ),
    "request.address": Rule(
        severity="warn",
        says="The servers' addresses change, and no list of them is given: the API is called by its domain.",
        source=NEWER,
        instead="Write the domain of the app's site.",
    ),
    "request.port": Rule(
        severity="warn",
        says="The API answers on port 443.",
        source=OVERVIEW,
        instead="Leave the port out.",
    ),
    "request.empty-body": Rule(
        severity="fail",
        says="The body is JSON and never empty: {} when there is nothing to say.",
        source=OVERVIEW,
        instead="Send {}; with curl: -d '{}'.",
    ),
    "request.body-not-json": Rule(
        severity="fail",
        says="The body is a JSON object (error 60003 where it cannot be parsed).",
        source=OVERVIEW,
        instead="Let a JSON library write the body, in UTF-8.",
    ),
    "request.content-type": Rule(
        severity="info",
        says="The documents ask for contenttype=json in the URL, and say nothing of this header.",
        source="RFC 9110, 8.3",
        instead="Send Content-Type: application/json, which is what the body is.",
    ),
    "request.timeout-too-short": Rule(
        severity="warn",
        says="The backend's own timeout is 3 s: the caller's must be longer.",
        source=OVERVIEW,
        instead="Wait for more than 3 s: 5 s is a good value.",
    ),
    "request.connect-timeout": Rule(
        severity="info",
        says="This limits the look-up, the connection and the handshake, not the backend's 3 s. A segment that is lost is sent again "
        "after 1 s, then after 2 s more.",
        source="curl(1); RFC 6298, 2.1 and 5.5",
        instead="Allow more than 3 s where the network loses packets.",
    ),
    "request.no-keepalive": Rule(
        severity="warn",
        says="Persistent connections are asked for; HTTP/1.0 needs Connection: keep-alive, HTTP/1.1 keeps alive by default.",
        source=NEWER,
        instead="Use HTTP/1.1, a client with a pool of connections, and no Connection: close.",
    ),
    "request.insecure": Rule(
        severity="warn",
        says="A client must verify the server's certificate. Unverified, whoever is on the way reads the usersig.",
        source="RFC 9110, 4.3.4",
        instead="Leave -k out; `imdoctor run` tells why the certificate does not verify.",
    ),
})  # fmt: skip
"""Every rule by its code, in the order in which a request is read."""
