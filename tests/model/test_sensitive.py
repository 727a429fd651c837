"""What is taken for sensitive, what is not, and that nothing of it is shown."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.model.sensitive import CARD_LIKE, HINT, LOOKS, TELLING_KEY, found_in, look_of, mask

CARDS = [  # published test numbers of the issuers
    "4111111111111111", "4242 4242 4242 4242", "5555-5555-5555-4444", "2223003122003222", "378282246310005",
    "3714 496353 98431", "6011111111111117", "3530111333300000", "30569309025904", "card 4012888888881881.",
    "/cards/4000056655665556/charge", '{"pan":"4111111111111111"}',
]  # fmt: skip
TOKENS = [
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "AKIAIOSFODNN7EXAMPLE", "ghp_" + "a1B2" * 9, "github_pat_" + "A1" * 15, "glpat-" + "x9" * 10, "xoxb-123456789012-abc",
    "sk_live_" + "4eC39HqLyjWDarjt", "AIza" + "Sy0123456789abcdefghijklmnopqrstuvw"[:35], "sk-proj-" + "a1" * 20,
    "Bearer abcdef0123456789",
    "https://x.example/?access_token=ya29.a0AfH6SM&x=1", "authorization: bearer ABCDEF-123456-ghijkl",
]  # fmt: skip
PASSWORDS = [
    "postgresql://app:s3cret@db:5432/shop", "https://x.example/login?user=a&password=hunter2", "Server=db;Password=abc;",
    '{"user":"a","password":"hunter2"}', "host=db password=abc", "amqp://:pw@mq",
]  # fmt: skip
EMAILS = [
    "jo@example.com",
    "mailto:jo.doe+x@mail.example.co.uk",
    "From: Jo <jo@example.com>,",
    "?email=jo%40example.com",
]
KEYS = [
    "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
    "-----BEGIN PRIVATE KEY-----",
    "x -----BEGIN OPENSSH PRIVATE KEY-----",
]
FOUND = [
    (name, text)
    for name, texts in (
        ("card", CARDS), ("token", TOKENS), ("password", PASSWORDS), ("email", EMAILS), ("private_key", KEYS),
        ("unmasked", ["hunter2", "two words", "line\n"]),
    )
    for text in texts
]  # fmt: skip
NOTHING = [
    ("card", "4111111111111112"),  # does not add up
    ("card", "1234567812345670"),  # no issuer
    ("card", "41111111111111111"),  # too long
    ("card", "4111111111111111.5"),
    ("card", "-4111111111111111"),
    ("card", "a4111111111111111"),  # of an id
    ("card", "4111-1111-1111-1111-aaaa"),  # of a UUID
    ("card", "1763634727000000000"),  # a time
    ("token", "Bearer realm=example"),
    ("token", "bearer authentication_required"),
    ("token", "eyJhbGciOiJIUzI1NiJ9"),
    ("token", "?api_key=********"),
    ("token", "gen_ai.usage.input_tokens=12345678"),
    ("password", "https://example.com:8080/a@b"),
    ("password", "https://user@example.com/"),
    ("password", "postgresql://app:***@db/shop"),
    ("password", "redis://:xxxxx@cache"),
    ("password", "UPDATE users SET name=? , password=?"),
    ("password", "?password=%s&password=$1&password=<redacted>&password=[Filtered]"),
    ("password", '{"password":"***"}'),
    ("password", "password reset requested"),
    ("password", "docker-pullable://nginx:1.21@sha256:0123456789abcdef"),
    ("password", "docker://registry:5000@x"),
    ("password", "env PWD=/home/jo"),
    ("password", "ON CONFLICT DO UPDATE SET name='x',password=EXCLUDED.password"),
    ("password", "INSERT ... ON DUPLICATE KEY UPDATE a=b,password=VALUES(password)"),
    ("token", "sk-inventory-service-deployment-7d9f8b6c5-x2k4q"),
    ("email", "git@github.com:tailrace/tailrace"),
    ("email", "ssh://git@github.com/tailrace"),
    ("email", "postgresql://app:pw@db.example.com/shop"),
    ("email", "root@127.0.0.1"),
    ("email", "com.example.Thing@1b2c3d"),
    ("email", "npm react@18.2.0"),
    ("email", "logo@2x.png"),
    ("email", "worker@host.internal"),
    ("email", "shop@db-1.abc.us-west-2.rds.amazonaws.com"),
    ("email", "x@project.iam.gserviceaccount.com"),
    ("private_key", "-----BEGIN PUBLIC KEY-----"),
    ("private_key", "-----BEGIN CERTIFICATE-----"),
    ("unmasked", ""),
    ("unmasked", "****"),
    ("unmasked", "[Filtered]"),
    ("unmasked", "<redacted>"),
    ("unmasked", "redacted:1a2b3c4d"),
    ("unmasked", "xxxxx"),
    ("unmasked", "true"),
    ("unmasked", "null"),
]


@pytest.mark.parametrize(("name", "text"), FOUND)
def test_it_is_found_and_not_shown(name: str, text: str) -> None:
    [found] = found_in(text, name)
    shown = mask(found, name)
    assert "•••" in shown
    if name != "private_key":
        digits = "".join(filter(str.isdigit, found))
        hidden = [
            part
            for part in (found, digits, "hunter2", "s3cret", "abc;", "jo", "example", "dozj", "ODNN")
            if part
        ]
        assert not [part for part in hidden if part in found and part in shown]


@pytest.mark.parametrize(("name", "text"), FOUND)
def test_the_hint_is_in_whatever_is_found(name: str, text: str) -> None:
    assert name == "unmasked" or re.search(HINT, text, re.ASCII)
    assert name != "card" or re.search(CARD_LIKE, text, re.ASCII)


@pytest.mark.parametrize(("name", "text"), NOTHING)
def test_it_is_nothing_of_the_kind(name: str, text: str) -> None:
    assert found_in(text, name) == []


@given(st.integers(10**15, 10**16 - 1))
def test_few_numbers_of_sixteen_digits_are_cards_and_hexadecimal_ids_are_none(number: int) -> None:
    others = [f"{number - number % 10 + last}" for last in range(10)]
    assert sum(bool(found_in(each, "card")) for each in others) <= 1
    assert not found_in(f"{number:032x}", "card") or f"{number:032x}".isdigit()
    assert not found_in(f"{number}ab", "card")


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "db.password",
        "user_password",
        "client_secret",
        "x-api-key",
        "http.request.header.authorization",
        "AWS_SECRET_ACCESS_KEY",
        "refresh_token",
        "smtp-passwd",
    ],
)
def test_a_key_tells_of_a_secret(key: str) -> None:
    assert re.search(TELLING_KEY, key)


@pytest.mark.parametrize("key", ["password_reset", "gen_ai.usage.input_tokens", "token", "k8s.secret.name", "secret", "pwd",
                                 "authorization.type", "session.id", "messaging.kafka.message.key"])  # fmt: skip
def test_a_key_tells_of_none(key: str) -> None:
    assert not re.search(TELLING_KEY, key)


def test_looks_are_named_in_queries() -> None:
    assert [look_of(f"preset:{name}") for name in LOOKS] == list(LOOKS)
    assert look_of("preset:nonsense") == look_of("card") == look_of("") == ""
