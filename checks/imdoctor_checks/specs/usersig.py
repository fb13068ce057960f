"""What the codes of the `usersig` check mean."""

from collections.abc import Mapping

from imdoctor import Spec

NEW = "Make a new usersig with the SDKAppID's current secret key and a lifetime of 24 hours or more."
OTHERS = ("probe.*",)

FINDINGS: Mapping[str, Spec] = {
    "usersig.missing": Spec(
        "warn",
        title="An identifier is configured, a credential is not",
        message="{identifier} has no usersig and no secret key: the API is asked anonymously only",
        why="Without a credential the run proves that the gateway answers, but not that this app's calls are accepted.",
        remedy=("Name one of usersig_file, usersig_env, secret_key_file, secret_key_env for this target.",),
        confidence="certain",
    ),
    "usersig.malformed": Spec(
        "fail",
        title="The usersig is not well-formed",
        message="the usersig does not decode: {detail}",
        why="A usersig is a JSON document, deflated, in base64 with `*-_` for `+/=`. This one is something else.",
        remedy=(
            "See what stands in the file or variable: a usersig alone, without quotes or a name before it.",
            NEW,
        ),
        explains=OTHERS,
        confidence="certain",
        final=True,
    ),
    "usersig.truncated": Spec(
        "fail",
        title="The usersig is cut off",
        message="the usersig ends too early: {detail}",
        why="The deflated document inside is incomplete: a part of the text was lost on its way, in a column or a variable that is "
        "too short, or in copying.",
        remedy=(
            "Compare its length with the one that your generator printed; look for a column or buffer of fixed width.",
            NEW,
        ),
        explains=OTHERS,
        confidence="certain",
        final=True,
    ),
    "usersig.double-encoded": Spec(
        "fail",
        title="The usersig is percent-encoded already",
        message="the usersig holds percent escapes: {detail}",
        why="The characters `*`, `-` and `_` of a usersig were percent-encoded before it was stored. Encoded once more in the URL, it "
        "no longer is the same text.",
        remedy=(
            "Store the usersig as the library returned it, and let the HTTP client encode it once.",
            "Look for a call such as `urlencode(usersig)` before the one that builds the URL.",
        ),
        explains=OTHERS,
        confidence="certain",
        final=True,
    ),
    "usersig.expired": Spec(
        "fail",
        title="The usersig has expired",
        message="the usersig expired {ago} ago",
        why="Its own time and lifetime say that it ended before now. The server refuses every call that carries it.",
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
        remedy=(NEW, "Put it in place before the end, and let the application read it again."),
        confidence="certain",
    ),
    "usersig.not-yet-valid": Spec(
        "fail",
        title="The usersig lies in the future",
        message="the usersig was made {ahead} in the future",
        why="The clock of the machine that made it was ahead, or this machine's clock is behind.",
        remedy=("Compare the clocks of both machines with `timedatectl` or `chronyc tracking`.", NEW),
        explains=OTHERS,
        final=True,
    ),
    "usersig.identifier-mismatch": Spec(
        "fail",
        title="The usersig belongs to another identifier",
        message="the usersig is for {theirs}, the calls are made as {ours}",
        why="The identifier in the URL and the one signed into the usersig must be the same, to the letter and the case.",
        remedy=("Make the usersig for {ours}, or call as {theirs}.",),
        explains=OTHERS,
        confidence="certain",
        final=True,
    ),
    "usersig.sdkappid-mismatch": Spec(
        "fail",
        title="The usersig belongs to another app",
        message="the usersig is for SDKAppID {theirs}, the calls are made for {ours}",
        why="The SDKAppID in the URL and the one signed into the usersig must be the same.",
        remedy=("Make the usersig with the SDKAppID and the secret key of app {ours}, or call for {theirs}.",),
        explains=OTHERS,
        confidence="certain",
        final=True,
    ),
    "usersig.wrong-key": Spec(
        "fail",
        title="The usersig is signed with another key",
        message="{reason}",
        why="The server verifies the signature with the key of the SDKAppID in the URL; another key, or another app's, does not fit.",
        remedy=(
            "Copy the secret key of SDKAppID {sdkappid} from the console again, whole and without blanks.",
            "Remember that a key which was replaced in the console signs nothing valid any more.",
            NEW,
        ),
        explains=OTHERS,
        confidence="certain",
        final=True,
    ),
    "usersig.key-whitespace": Spec(
        "fail",
        title="The secret key has white space at an end",
        message="the secret key begins or ends with white space, which changes every signature made with it",
        why="The key's text itself is the HMAC's key: a blank at its end makes it another key.",
        remedy=("Remove the blanks and line ends around the key: `tr -d '[:space:]' < key > key.new`.",),
        explains=(*OTHERS, "usersig.wrong-key"),
        confidence="certain",
        final=True,
    ),
    "usersig.undecidable": Spec(
        "warn",
        title="The usersig ends within the clock's uncertainty",
        message="the usersig ends within {width:.0f} s of the server's time as far as that is known",
        why="Whether the server still accepts it cannot be told from here.",
        remedy=(NEW,),
        confidence="certain",
    ),
    "usersig.legacy": Spec(
        "info",
        title="The usersig is of the old version 1",
        message="the usersig is of version 1 (ECDSA)",
        why="Version 1 is signed by a private key; newer apps use version 2 (HMAC-SHA256).",
        remedy=("Move to version 2 with the secret key from the console when you can.",),
        confidence="certain",
    ),
    "usersig.lifetime": Spec(
        "warn",
        title="The usersig's lifetime is unusual",
        message="the usersig lives for {lifetime}",
        why="At least 24 hours are advised, and 50 years are the most: a short one expires between two renewals.",
        remedy=(NEW,),
        explains=("usersig.expiring",),
        confidence="certain",
    ),
    "usersig.rejected": Spec(
        "fail",
        title="The server refuses the usersig",
        message="the server answers {error_code} ({error_info}) to a usersig that is well-formed and valid here",
        why="{meaning}",
        remedy=("{advice}", NEW),
        explains=OTHERS,
        confidence="certain",
        final=True,
    ),
}
