"""What the codes of the `usersig` check mean."""

from collections.abc import Mapping

from imdoctor import Spec
from imdoctor_checks.specs.usersig_time import DATES, NEW, OTHERS

SHOW = "Decode it; its signature is not shown: `imdoctor usersig show USERSIG_FILE`."
VERIFY = (
    "Verify it against the key: `imdoctor usersig verify USERSIG_FILE --secret-key-file KEY_FILE --identifier "
    "{identifier} --sdkappid {sdkappid}`."
)
LENGTH = "Count its characters, and compare with what the generator printed: `wc -c <USERSIG_FILE`."

FINDINGS: Mapping[str, Spec] = {
    "usersig.missing": Spec(
        "warn",
        title="An identifier is configured, a credential is not",
        message="{identifier} has no usersig and no secret key: the API is asked anonymously only",
        why="Without a credential the run proves that the gateway answers, but not that this app's calls are accepted.",
        causes=(
            "The configuration names an identifier and no credential: it was left for later.",
            "The credential is named for another target, or the line is commented out.",
        ),
        confirm=(
            "See which secrets a run would use: `imdoctor plan`.",
            "Show what is configured: `grep -n -e identifier -e usersig -e secret_key imdoctor.yaml`.",
        ),
        remedy=("Name one of usersig_file, usersig_env, secret_key_file, secret_key_env for this target.",),
        confidence="certain",
    ),
    "usersig.malformed": Spec(
        "fail",
        title="The usersig is not well-formed",
        message="the usersig does not decode: {detail}",
        why="A usersig is a JSON document, deflated, in base64 with `*-_` for `+/=`. This one is something else.",
        causes=(
            (
                "The file or variable holds something else: the secret key, a JSON document, a name and quotes "
                "around the usersig."
            ),
            "A variable was not filled in, and its name stands there.",
            "Plus signs became blanks, or line breaks were put in, on the way through a form or a mail.",
        ),
        confirm=(
            SHOW,
            LENGTH,
        ),
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
        causes=(
            "A column of the database, or a buffer, is shorter than a usersig.",
            "It was cut in copying: by a terminal's width, or by a line break.",
            "Its length grows with the identifier, and was measured with a short one.",
        ),
        confirm=(
            SHOW,
            LENGTH,
        ),
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
        causes=(
            "The application encodes the usersig for the URL, and the HTTP client does so once more.",
            "The usersig was copied out of a URL.",
        ),
        confirm=(
            "Count the lines with a percent sign; a usersig has none: `grep -c % USERSIG_FILE`.",
            SHOW,
        ),
        remedy=(
            "Store the usersig as the library returned it, and let the HTTP client encode it once.",
            "Look for a call such as `urlencode(usersig)` before the one that builds the URL.",
        ),
        explains=OTHERS,
        confidence="certain",
        final=True,
    ),
    **DATES,
    "usersig.identifier-mismatch": Spec(
        "fail",
        title="The usersig belongs to another identifier",
        message="the usersig is for {theirs}, the calls are made as {ours}",
        why="The identifier in the URL and the one signed into the usersig must be the same, to the letter and the case.",
        causes=(
            "One usersig is used for several accounts.",
            "The identifiers differ in case, or by a blank.",
            "The configuration was copied from another environment, whose admin has another name.",
        ),
        confirm=(
            "See whose it is: `imdoctor usersig show USERSIG_FILE`.",
            "Compare with the identifier of the calls: `grep -n identifier imdoctor.yaml`.",
        ),
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
        causes=(
            "The test app and the production app were mixed up.",
            "The SDKAppID is mistyped in the configuration of the calls, or of the generator.",
        ),
        confirm=(
            "See of which app it is: `imdoctor usersig show USERSIG_FILE`.",
            "Compare with the SDKAppID of the calls: `grep -n sdkappid imdoctor.yaml`.",
        ),
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
        causes=(
            "The key is another app's: test and production were mixed up.",
            "The key was replaced in the console, and the generator still has the old one.",
            "The private key of version 1 is used as the key of version 2.",
            "White space came along with the key.",
        ),
        confirm=(
            VERIFY,
            (
                "See whether white space came along with the key: two numbers that differ by more than one say "
                "so: `wc -c <KEY_FILE; tr -d '[:space:]' <KEY_FILE | wc -c`."
            ),
        ),
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
        causes=(
            "The key was copied from the console with a blank or a tab.",
            "A variable was set by `echo`, or in a YAML block, and took line ends along.",
            "The file was written on Windows, and its lines end in CR LF.",
        ),
        confirm=(
            (
                "Count its characters with and without white space: `wc -c <KEY_FILE; tr -d '[:space:]' "
                "<KEY_FILE | wc -c`. One final line end in a file does no harm."
            ),
        ),
        remedy=("Remove the blanks and line ends around the key: `tr -d '[:space:]' < key > key.new`.",),
        explains=(*OTHERS, "usersig.wrong-key"),
        confidence="certain",
        final=True,
    ),
    "usersig.rejected": Spec(
        "fail",
        title="The server refuses the usersig",
        message="the server answers {error_code} ({error_info}) to a usersig that is well-formed and valid here",
        why="The server's word for it: {meaning}",
        causes=(
            "The key was replaced in the console, so the signature is none of the app's any more.",
            "The account was kicked, which ends all of its usersigs on the server.",
            "The calls name another identifier or SDKAppID than the usersig.",
            "The usersig is cut off or encoded twice on its way into the URL.",
        ),
        confirm=(
            "Look the code up: `imdoctor explain {error_code}`.",
            VERIFY,
            "See what the application itself sends, with its URL in url.txt: `imdoctor usersig show url.txt`.",
        ),
        remedy=("{advice}", "See all that is known of the code: `imdoctor explain {error_code}`.", NEW),
        explains=OTHERS,
        confidence="certain",
        final=True,
    ),
}
