"""The configuration as values. Durations are seconds; a secret is a path or a variable's name, never a value.

A line `key: …` of a struct's docstring says what the key means: editors and docs/configuration.md show it.
"""

from typing import Annotated, Any, Literal

import msgspec

from imdoctor.im.sites import DEFAULT_SITE, site_of_sdkappid
from imdoctor.net.http import HTTPS_PORT
from imdoctor.speech import Language

DURATION_PATTERN = r"^([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|h|d)$"
PERCENTAGE_PATTERN = r"^([0-9]{1,3}(?:\.[0-9]{1,9})?)%$"
SIZE_PATTERN = r"^([0-9]{1,6})(KiB|MiB|GiB)$"

# A number of seconds in the program, `300ms`, `5s`, `2m`, `1h` or `21d` in a file.
Seconds = Annotated[
    float,
    msgspec.Meta(ge=0, extra={"duration": True}, extra_json_schema={"pattern": DURATION_PATTERN}),
]
# A number between 0 and 1 in the program, `10%` in a file.
Percentage = Annotated[
    float,
    msgspec.Meta(ge=0, le=1, extra={"percentage": True}, extra_json_schema={"pattern": PERCENTAGE_PATTERN}),
]
# A number of bytes in the program, `256MiB` in a file.
Bytes = Annotated[
    int,
    msgspec.Meta(ge=1, extra={"size": True}, extra_json_schema={"pattern": SIZE_PATTERN}),
]
# A file's path; a relative one is relative to the configuration's file, and absolute in the program.
FilePath = Annotated[str, msgspec.Meta(extra={"path": True})]
Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
SdkAppId = Annotated[int, msgspec.Meta(ge=1, le=4294967295)]


class Endpoint(msgspec.Struct, frozen=True):
    """Where the API is called: a host name or an IP address, and a port."""

    host: str
    port: Port = HTTPS_PORT

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class ProbeCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The authenticated call, in the place of the one that is chosen by the credential at hand: a command that only reads.

    service: the SERVICENAME of the call's URL, such as im_open_login_svc.
    command: the COMMAND of the call's URL, such as account_check.
    body: what is sent, as JSON.
    """

    service: str
    command: str
    body: dict[str, Any] = {}


class Client(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the application itself calls the API; null is "not said". The check `client` holds it against the vendor's list.

    timeout: of one call; the backend's own is 3 s.
    keepalive: whether a connection serves more than one call.
    pool: how many connections the application keeps open.
    """

    timeout: Seconds | None = None
    keepalive: bool | None = None
    pool: Annotated[int, msgspec.Meta(ge=0)] | None = None


class Target(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One IM app as one host calls it. At most one of the four credentials is given, and never its value.

    name: what reports and events call it. Each target has its own.
    endpoint: where the API is called. null: the domain of the site that the SDKAppID's number speaks for, by ranges that stand in no
        document; without an SDKAppID the China site's.
    sdkappid: the app, by the console.
    identifier: an administrator of the app, who signs the calls.
    usersig_file: a file that holds the usersig, relative to $CREDENTIALS_DIRECTORY, then to the configuration's folder.
    usersig_env: an environment variable that holds the usersig.
    secret_key_file: a file that holds the app's secret key, found as a usersig's is; a usersig is made from it for each run.
    secret_key_env: an environment variable that holds the app's secret key.
    timeout: of one probe call; over 3 s, which is the backend's own.
    probe: the authenticated call. null: chosen by the credential at hand.
    client: how the application itself calls the API.
    ca_file: the authorities to trust, in PEM, relative to the configuration's folder. null: the system's store.
    proxy: env (the variables https_proxy, all_proxy and no_proxy), none, or a URL such as http://proxy.example:3128.
    lang: of the messages that `watch` and `run --state` send of it, and of their log. null: --lang, else the locale's.
    """

    name: str = "default"
    endpoint: Endpoint | None = None
    sdkappid: SdkAppId | None = None
    identifier: str | None = None
    usersig_file: str | None = None
    usersig_env: str | None = None
    secret_key_file: str | None = None
    secret_key_env: str | None = None
    timeout: Seconds = 5.0
    probe: ProbeCall | None = None
    client: Client = Client()
    ca_file: FilePath | None = None
    proxy: str = "env"
    lang: Language | None = None

    @property
    def site(self) -> str | None:
        """The name of the site that is chosen by the SDKAppID's number; None where that did not choose."""
        return None if self.endpoint or self.sdkappid is None else site_of_sdkappid(self.sdkappid).name

    @property
    def called(self) -> Endpoint:
        """Where the API is called: the endpoint, else the domain of the site that the SDKAppID's number speaks for."""
        site = DEFAULT_SITE if self.sdkappid is None else site_of_sdkappid(self.sdkappid)
        return self.endpoint or Endpoint(site.primary)


class Schedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When `watch` runs, and how many runs in a row make a change of state.

    every: from one round of a target to the next; a second at least.
    jitter: how much of that a round may be put off by.
    checks: periods of their own, by the checks' names. The usersig's is an hour where nothing is said.
    confirm: so many runs in a row make a change of state.
    """

    every: Seconds = 60.0
    jitter: Percentage = 0.1
    checks: dict[str, Seconds] = {}
    confirm: Annotated[int, msgspec.Meta(ge=1)] = 2


class History(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much of the past `watch` and `run --state` remember; the oldest runs go first.

    keep: how long a run is remembered.
    size: how large the history may become; 1MiB at least.
    """

    keep: Seconds = 30 * 86400.0
    size: Bytes = 256 * 1024**2


class Events(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is told of a change beside the log. At most one of the two heartbeats is given.

    on_change: a program and its arguments, never a shell; it gets the run's report as JSON on its standard input.
    timeout: what each delivery may take; a second at least.
    heartbeat: a URL to POST to every `schedule: every`, and to URL/fail while a target is confirmed to fail.
    heartbeat_env: an environment variable that holds the heartbeat's URL.
    alerts_env: environment variables that each hold the URL of a service in apprise's form: WeCom, DingTalk, mail …
    """

    on_change: tuple[str, ...] = ()
    timeout: Seconds = 30.0
    heartbeat: str | None = None
    heartbeat_env: str | None = None
    alerts_env: tuple[str, ...] = ()


class Otlp(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A collector that `watch` pushes its metrics to, by OTLP over HTTP; it needs the extra `otlp`.

    endpoint: a URL; /v1/metrics where it has no path.
    every: from one push to the next; a second at least.
    timeout: what a push may take; a second at least.
    headers_env: an environment variable that holds headers, as `name=value,name=value`.
    """

    endpoint: str
    every: Seconds = 60.0
    timeout: Seconds = 10.0
    headers_env: str | None = None


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """A whole configuration. ``checks`` holds each check's options, as the type that the check declares.

    ``file`` is what it was read from, None where no file holds it.
    """

    version: Literal[1] = 1
    targets: tuple[Target, ...] = (Target(),)
    checks: dict[str, msgspec.Struct] = {}
    schedule: Schedule = Schedule()
    history: History = History()
    events: Events = Events()
    otlp: Otlp | None = None
    file: str | None = None
