"""What the codes of the `usersig` check mean: its dates and its version."""

from collections.abc import Mapping

from imdoctor import Spec

NEW = "Make a new usersig with the SDKAppID's current secret key and a lifetime of 24 hours or more."
OTHERS = ("probe.*",)
UNTIL = "See until when it lives: `imdoctor usersig show USERSIG_FILE`."

DATES: Mapping[str, Spec] = {
    "usersig.expired": Spec(
        "fail",
        title="The usersig has expired",
        message="the usersig expired {ago} ago",
        why="Its own time and lifetime say that it ended before now. The server refuses every call that carries it.",
        causes=(
            "One fixed usersig is in use, and nobody renewed it.",
            "Its lifetime was given in another unit than seconds.",
            "A job renews it, and the application still has the old one in memory.",
        ),
        confirm=(
            "See when it was made, and until when it lives: `imdoctor usersig show USERSIG_FILE`.",
            "See whether this host's clock is right: `timedatectl`.",
        ),
        remedy=(
            NEW,
            "Renew it before its end: the application can make one for each call, or keep one and replace it in time.",
        ),
        explains=OTHERS,
        final=True,
    ),
    "usersig.expiring": Spec(
        "warn",
        title="The usersig expires soon",
        message="the usersig expires in {left}",
        why="From that moment on every call that carries it is refused.",
        causes=(
            "One fixed usersig is in use, and nobody has renewed it yet.",
            "The job that renews it fails, or comes too late.",
        ),
        confirm=(UNTIL,),
        remedy=(NEW, "Put it in place before the end, and let the application read it again."),
        confidence="certain",
    ),
    "usersig.not-yet-valid": Spec(
        "fail",
        title="The usersig lies in the future",
        message="the usersig was made {ahead} in the future",
        why="The clock of the machine that made it was ahead, or this machine's clock is behind.",
        causes=(
            "The clock of the machine that made it was ahead.",
            "This host's clock is behind.",
            "The machine that made it took local time for UTC.",
        ),
        confirm=(
            "See when it was made: `imdoctor usersig show USERSIG_FILE`.",
            "See whether this host's clock is right: `date -u; timedatectl`.",
        ),
        remedy=("Compare the clocks of both machines with `timedatectl` or `chronyc tracking`.", NEW),
        explains=OTHERS,
        final=True,
    ),
    "usersig.undecidable": Spec(
        "warn",
        title="The usersig ends within the clock's uncertainty",
        message="the usersig ends within {width:.0f} s of the server's time as far as that is known",
        why="Whether the server still accepts it cannot be told from here.",
        causes=(
            "The usersig ends within these seconds.",
            "The server's time is known by a slow answer only, so the interval is wide.",
        ),
        confirm=(
            UNTIL,
            "Compare the clocks: `date -u; curl -sI https://{endpoint}/ | grep -i ^date:`.",
        ),
        remedy=(NEW,),
        confidence="certain",
    ),
    "usersig.legacy": Spec(
        "info",
        title="The usersig is of the old version 1",
        message="the usersig is of version 1 (ECDSA)",
        why="Version 1 is signed by a private key; newer apps use version 2 (HMAC-SHA256).",
        causes=(
            "The app was made when usersigs were signed with a private key, and still uses that way.",
            "The generator's library is an old one.",
        ),
        confirm=("See its version: `imdoctor usersig show USERSIG_FILE`.",),
        remedy=("Move to version 2 with the secret key from the console when you can.",),
        confidence="certain",
    ),
    "usersig.lifetime": Spec(
        "warn",
        title="The usersig's lifetime is unusual",
        message="the usersig lives for {lifetime}",
        why="At least 24 hours are advised, and 50 years are the most: a short one expires between two renewals.",
        causes=(
            "The lifetime was given in another unit than seconds.",
            "The usersig is made for each call, and given minutes to live.",
            "A very large number was meant to say `for ever`.",
        ),
        confirm=("See how long it lives: `imdoctor usersig show USERSIG_FILE`.",),
        remedy=(NEW,),
        explains=("usersig.expiring",),
        confidence="certain",
    ),
}
