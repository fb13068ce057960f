"""Faults of the credential, and of the application's own settings."""

from typing import Any

from imdoctor.lab.world import Credentials
from tests.lab.model import DAY, Truth, World
from tests.lab.truth import ANSWERS, error_code, file_says

OTHER_KEY = "f" * 64
PEM_KEY = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg\n-----END PRIVATE KEY-----\n"


def held(name: str, title: str, truth: Truth, **how: Any) -> World:
    """Return a world whose credential is so; its code is the name's first part."""
    credentials = Credentials(**how)
    return World(
        name=name, title=title, expect=(name.partition("/")[0],), credentials=credentials, truth=(ANSWERS, truth)
    )


def called(name: str, title: str, says: str, **client: object) -> World:
    """Return a world whose application calls the API so."""
    settings = {"timeout": "5s", "keepalive": True, "pool": 10, **client}
    truth = (ANSWERS, file_says("imdoctor.yaml", says))
    return World(name=name, title=title, expect=(name.partition("/")[0],), target={"client": settings}, truth=truth)


ILLEGAL, EXPIRED, WRONG_KEY, GOOD = error_code(70003), error_code(70001), error_code(70009), error_code(0)
CREDENTIALS = (
    held(
        "usersig.missing/none",
        "An identifier without a credential",
        file_says("imdoctor.yaml", r"(?s)^(?!.*(usersig|secret_key)_file).*administrator"),
        kind="none",
    ),
    held(
        "usersig.malformed/other-text",
        "Something else stands in the usersig's place",
        ILLEGAL,
        kind="usersig",
        spoilt="malformed",
    ),
    held("usersig.truncated/half", "The usersig is cut off", ILLEGAL, kind="usersig", spoilt="truncated"),
    held(
        "usersig.double-encoded/url",
        "The usersig is encoded for a URL twice",
        ILLEGAL,
        kind="usersig",
        spoilt="double-encoded",
    ),
    held("usersig.expired/yesterday", "The usersig expired yesterday", EXPIRED, kind="usersig", age=31 * DAY),
    held("usersig.expiring/tomorrow", "The usersig expires tomorrow", GOOD, kind="usersig", age=29 * DAY),
    held("usersig.not-yet-valid/tomorrow", "The usersig is made for tomorrow", EXPIRED, kind="usersig", age=-DAY),
    held(
        "usersig.identifier-mismatch/other",
        "The usersig is for somebody else",
        error_code(70013),
        kind="usersig",
        signed_for="other",
    ),
    held(
        "usersig.sdkappid-mismatch/other",
        "The usersig is for another app",
        error_code(70014),
        kind="usersig",
        signed_app=1400000001,
    ),
    held(
        "usersig.wrong-key/server-says",
        "The usersig is signed with another key, says the server",
        WRONG_KEY,
        kind="usersig",
        key=OTHER_KEY,
    ),
    held(
        "usersig.wrong-key/made-here",
        "The secret key is another app's",
        file_says("secret_key", f"^{OTHER_KEY}$"),
        key=OTHER_KEY,
    ),
    held(
        "usersig.wrong-key/version-1-key",
        "A version 1 private key stands in the secret key's place",
        file_says("secret_key", "BEGIN PRIVATE KEY"),
        key=PEM_KEY,
    ),
    held(
        "usersig.key-whitespace/blank",
        "The secret key has a blank at its end",
        file_says("secret_key", "f $"),
        key=f"{OTHER_KEY} ",
    ),
    held("usersig.lifetime/hour", "The usersig lives for an hour", GOOD, kind="usersig", lives=3600.0),
    held("usersig.lifetime/century", "The usersig lives for a century", GOOD, kind="usersig", lives=100 * 366 * DAY),
)
CLIENT = (
    called("client.timeout-too-short/3-s", "The application gives up after 3 s", '"timeout": "3s"', timeout="3s"),
    called(
        "client.no-keepalive/off",
        "The application opens a connection for every call",
        '"keepalive": false',
        keepalive=False,
    ),
    called("client.no-pool/1", "The application has one connection for all of its calls", '"pool": 1\\b', pool=1),
)
