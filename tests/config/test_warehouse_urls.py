"""The URL of a warehouse that cannot be used is refused with what to write, and no part of its password is shown."""

import pytest

from activation_sync.errors import ConfigError
from config.warehouse_urls import complaint_about
from tests.config.conftest import Load

PARTS = ("horse", "battery")  # of the password


@pytest.mark.parametrize("mark", ["@", ":", "/", "#", "?", "%-", " ", "[", "@@", "@/"])
@pytest.mark.parametrize(
    "form", ["postgresql+psycopg://sync:{}@db:5432/counts", "postgresql://sync:{}@db/counts?sslmode=require"]
)
def test_a_password_that_is_not_percent_encoded_is_refused_with_the_codes(form: str, mark: str) -> None:
    complaint = complaint_about(form.format(f"horse{mark}battery"))

    assert "percent-encode what is special" in complaint
    assert "@ is %40, : is %3A, / is %2F, # is %23" in complaint
    assert not any(part in complaint for part in PARTS)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://sync:horse@a,b/counts", "?host=FIRST:5432&host=SECOND:5432&target_session_attrs=read-write"),
        ("postgresql://sync:horse@a:5432,b:5432/counts", "names several hosts in one place; write"),
        ("postgresql://sync:horse@db:/counts", "has a colon and no port behind its host; write HOST:5432, or leave"),
        ("postgresql://sync:horse/counts", "write postgresql+psycopg://USER:PASSWORD@HOST:5432/DATABASE"),
        ("postgresql://sync:horse@db:port/counts", "write postgresql+psycopg://USER:PASSWORD@HOST:5432/DATABASE"),
        ("postgresql://sync:horse@db/counts?schema=horse", "has the option schema, which does not exist; leave it out"),
        ("postgresql://sync:horse@db/counts?sslmode=on", "write one of disable, allow, prefer, require, verify-ca"),
        ("postgresql://sync@db/counts?pasword=horse", "an option that PostgreSQL does not know; leave it out"),
        ("postgresql://sync@db/counts?password=horse#battery", "write %23"),
    ],
)
def test_what_postgresql_would_not_understand_is_refused_with_what_to_write(url: str, said: str) -> None:
    complaint = complaint_about(url)

    assert said in complaint
    assert not any(part in complaint for part in PARTS)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://sync:horse%40%3A%2F%23%25battery@db.contoso.example:5432/counts?sslmode=verify-full",
        "postgresql://sync@/counts?host=/var/run/postgresql",
        "postgresql://sync:@/counts?host=a:5432&host=b:5433&target_session_attrs=read-write",
        "postgresql://[2001:db8::1]:5432/counts?sslmode=require&sslrootcert=system&application_name=nightly",
        "postgresql:///counts",
    ],
)
def test_a_url_that_works_is_left_alone(url: str) -> None:
    assert complaint_about(url) == ""


def test_the_setting_is_named_and_the_url_is_not_shown(load: Load, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("WAREHOUSE_URL", "postgresql://sync:horse@battery@db/counts")

    with pytest.raises(ConfigError) as refusal:
        load('[warehouse]\nurl = "env:WAREHOUSE_URL"\n')

    [problem] = refusal.value.problems
    assert problem.startswith("warehouse.url: the value cannot be read: percent-encode")
    assert not any(part in problem for part in PARTS)
