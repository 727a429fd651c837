"""What values look like that should not be in a trace: card numbers, tokens, passwords, e-mail addresses, private keys.

Strict, so that what is told of them is true; redaction (`formats/redaction.py`) rather takes away too much. The patterns
mean the same to Python and to RE2, by which the store looks for them: no look-around, ASCII alone.
"""

import re
from dataclasses import dataclass

PRESET = "preset:"  # of a query: `key~preset:card`

_MASKED = (
    r"\W*|\*+.*|x{3,}|\?+|\$\d+|\$?\{+[^}]*\}+|%s|:\w+|@\w+|<[^>]*>|\[[^\]]*\]|"
    r"(?:redacted|masked|filtered|hidden|removed|obfuscated|sanitized|scrubbed|none|null|nil|undefined|true|false)\b.*"
)
_QUOTED_MASK = rf"['\"]?(?:{_MASKED})['\"]?"
_ISSUERS_16 = r"4\d{3}|5[1-5]\d\d|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)|6(?:011|4[4-9]\d|5\d\d)|35(?:2[89]|[3-8]\d)"
_CARD = (
    rf"(?:{_ISSUERS_16})(?:\d{{12}}|(?: \d{{4}}){{3}}|(?:-\d{{4}}){{3}})"
    r"|3[47]\d\d(?:\d{11}| \d{6} \d{5}|-\d{6}-\d{5})|3(?:0[0-5]|[689]\d)\d(?:\d{10}| \d{6} \d{4}|-\d{6}-\d{4})"
)
_TOKENS = (
    r"eyJ[\w-]{6,}\.eyJ[\w-]{6,}\.[\w-]*",  # JSON Web Token
    r"(?:AKIA|ASIA)[A-Z0-9]{16}\b",  # AWS
    r"gh[pousr]_[A-Za-z0-9]{36,}\b|github_pat_\w{22,}\b|glpat-[\w-]{20,}",
    r"xox[abeoprs]-[\w-]{10,}",  # Slack
    r"[sr]k_(?:live|test)_[A-Za-z0-9]{16,}\b",  # Stripe
    r"AIza[\w-]{35}\b",  # Google
    r"sk-(?:(?:proj|svcacct|admin|ant-\w{2,12})-[\w-]{32,}|[A-Za-z0-9]{32,}\b)",  # OpenAI, Anthropic
    r"(?i:bearer)[ +][\w.~+/=-]{16,}",
    r"(?i:access_token|refresh_token|id_token|api_?key|x-amz-signature)=[^&\s;,\"']{8,}",
)
_PASSWORDS = (
    r"[A-Za-z][A-Za-z0-9+.-]{1,30}://[^\s/:@?#\"']{0,256}:[^\s/@?#\"']{1,256}@(?:sha\d{3}:)?",  # in a URL
    r"(?i:password|passwd|pwd|passphrase|client_secret)=[^&\s;,]{1,256}",
    r"\"(?i:password|passwd|passphrase|client_secret)\" ?: ?\"[^\"]{1,256}\"",  # in JSON
)
# a tag or port of an image, the working directory, what SQL computes or takes from another row
_INNOCENT = r".*@sha\d{3}:|.*:\d{1,5}@|pwd=/.*|[^:=]*=(?:(?:excluded|new|old|\w*users?)\.\w+|\w+\(.*)"
_NO_MAILBOX = (  # names of files, hosts, databases on hosts, accounts of machines
    r"(?i).*\.(?:png|jpe?g|gif|svg|webp|ico|m?js|ts|css|html?|json|local|internal|lan|svc|cluster"
    r"|gserviceaccount\.com|amazonaws\.com|windows\.net|azure\.com)"
)
TELLING_KEY = (  # at the end of a key whose values are secrets, whatever they look like
    r"(?i)(?:^|[._-])(?:password|passwd|passphrase|client[._-]?secret|secret[._-]?key|secret[._-]?access[._-]?key"
    r"|api[._-]?key|access[._-]?token|refresh[._-]?token|id[._-]?token|authorization|private[._-]?key)$"
)
# in each text that has some look, unmasked aside: one expression for them all takes a fifth of the time
HINT = (
    r"[@=]|%40|\" ?:|PRIVATE KEY|\d{4}[ -]?\d{4}[ -]?\d\d"
    r"|eyJ|A[KS]IA|gh[pousr]_|github_pat_|glpat-|xox|[rs]k_|AIza|sk-|(?i:bearer)"
)
# numbers of as many digits as card numbers have: where most of these are no cards, the others are some by chance
CARD_LIKE = r"(?:^|[^\w.+-])(?:(?:\d{4}[ -]?){3}\d{4}|\d{4}[ -]?\d{6}[ -]?\d{4,5})(?:[^\w.+-]|\.(?:\D|$)|$)"
_PUBLIC_START = re.compile(
    r"(?i:bearer)|AKIA|ASIA|eyJ|gh._|github_pat_|glpat-|xox.-|.k_\w{4}_|AIza|sk-|[\w-]+="
)


@dataclass(frozen=True, slots=True)
class Look:
    """`pattern` has one group: what is found. `needed`: one of these texts is in each value that has it. `never`: what
    is found and fits this as a whole is none. `checked`: its digits fit the check that card numbers have.
    """

    pattern: str
    needed: tuple[str, ...] = ()
    never: str = ""
    checked: bool = False


LOOKS = {
    "card": Look(rf"(?:^|[^\w.+-])({_CARD})(?:[^\w.+-]|\.(?:\D|$)|$)", checked=True),
    "token": Look(
        rf"(?:^|[^\w.-])({'|'.join(_TOKENS)})",
        never=rf"(?is)bearer[ +][^0-9]*|[^=]*=(?:{_QUOTED_MASK})",
    ),
    "password": Look(
        rf"(?:^|[^\w.-])({'|'.join(_PASSWORDS)})",
        needed=("=", "@", '":', '" :'),
        never=rf"(?is)[^:=]*=(?:{_QUOTED_MASK})|.*://[^:]*:(?:{_MASKED})@|[^:]*: ?\"(?:{_MASKED})\"|{_INNOCENT}",
    ),
    "private_key": Look(r"(-----BEGIN (?:[A-Z]+ ){0,2}PRIVATE KEY-----)", needed=("PRIVATE KEY",)),
    "email": Look(
        r"(?:^|mailto:|[^\w.+%:/@-])([\w.+-]{1,64}(?:@|%40)(?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,24})(?:[^\w@:/-]|$)",
        needed=("@", "%40"),
        never=_NO_MAILBOX,
    ),
    "unmasked": Look(r"(?s)^(.+)$", never=rf"(?is){_QUOTED_MASK}"),
}
_COMPILED = {
    name: (re.compile(look.pattern, re.ASCII), re.compile(look.never, re.ASCII))
    for name, look in LOOKS.items()
}


def look_of(value: str) -> str:
    """The name of the look that the value of a `~` term stands for; "" if it is a regular expression."""
    name = value.removeprefix(PRESET)
    return name if name != value and name in LOOKS else ""


def found_in(text: str, name: str) -> list[str]:
    """What in a text has that look."""
    pattern, never = _COMPILED[name]
    look = LOOKS[name]
    found = [match[1] for match in pattern.finditer(text)]
    if look.never:
        found = [each for each in found if not never.fullmatch(each)]
    return [each for each in found if _fits_check(each)] if look.checked else found


def _fits_check(number: str) -> bool:
    """The sum of Luhn: from the right each second digit counts double, and its digits are added up."""
    digits = [int(digit) for digit in reversed(number) if digit.isdigit()]
    doubled = (digit * 2 // 10 + digit * 2 % 10 for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def mask(found: str, name: str) -> str:
    """How it may be shown: enough to know it again, not enough to use it."""
    if name == "card":
        return "•••• " + found[-4:]
    if name == "email":
        box, _, domain = found.replace("%40", "@").partition("@")
        return f"{box[0]}•••@{domain[0]}•••.{domain.rpartition('.')[2]}"
    if name == "private_key":
        return found + " •••"
    if name == "password" and "://" in found:
        return found.partition("://")[0] + "://•••:•••@"
    if name == "unmasked":
        return "•••"
    start = re.match(r'"?\w+"?', found) if name == "password" else _PUBLIC_START.match(found)
    return f"{start[0] if start else ''}{'=' if name == 'password' else ''}•••"
