"""The configuration as values. Durations are seconds; a secret is a path or a variable's name, never a value."""

from typing import Annotated, Any, Literal

import msgspec

from imdoctor.im.sites import DEFAULT_SITE

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
    port: Port = 443

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class ProbeCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The authenticated call: a read-only command and its body."""

    service: str
    command: str
    body: dict[str, Any] = {}


class Client(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the application itself calls the API; None is "not said"."""

    timeout: Seconds | None = None
    keepalive: bool | None = None
    pool: Annotated[int, msgspec.Meta(ge=0)] | None = None


class Target(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One IM app as one host calls it. At most one of the four credential fields is set."""

    name: str = "default"
    endpoint: Endpoint = Endpoint(DEFAULT_SITE.primary)
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


class Schedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When `watch` runs, and how many runs in a row make a change of state."""

    every: Seconds = 60.0
    jitter: Percentage = 0.1
    checks: dict[str, Seconds] = {}
    confirm: Annotated[int, msgspec.Meta(ge=1)] = 2


class History(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long runs are remembered, and in how many bytes; the oldest go first."""

    keep: Seconds = 30 * 86400.0
    size: Bytes = 256 * 1024**2


class Events(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is told of a change beside the log: a command, with the report on its standard input, and a heartbeat's URL.

    ``timeout`` is what each delivery may take. At most one of the two heartbeat fields is set.
    """

    on_change: tuple[str, ...] = ()
    timeout: Seconds = 30.0
    heartbeat: str | None = None
    heartbeat_env: str | None = None


class Otlp(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A collector that `watch` pushes its metrics to: a URL, /v1/metrics where it has no path.

    ``headers_env`` names the environment variable that holds headers as `name=value,name=value`.
    """

    endpoint: str
    every: Seconds = 60.0
    timeout: Seconds = 10.0
    headers_env: str | None = None


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """A whole configuration. ``checks`` holds each check's options, as the type that the check declares."""

    version: Literal[1] = 1
    targets: tuple[Target, ...] = (Target(),)
    checks: dict[str, msgspec.Struct] = {}
    schedule: Schedule = Schedule()
    history: History = History()
    events: Events = Events()
    otlp: Otlp | None = None
