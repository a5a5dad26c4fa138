"""What is wrong with the URL of a PostgreSQL warehouse, in words that repeat no part of it."""

import re

SECRET_PARTS = re.compile(r"[^@:/?#\[\]\s%]*")
ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}")
AUTHORITY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^@:/?#\[\],\s]*)(?P<port>:[0-9]{1,5})?")
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
ENCODE = (
    "percent-encode what is special in its account and password: @ is %40, : is %3A, / is %2F, # is %23, ? is %3F, "
    "% is %25"
)


def complaint_about(url: str) -> str:
    """What is wrong and the remedy; empty for a URL that can be used. `url` begins with a scheme."""
    rest = url.partition("://")[2]
    account, _, place = rest.rpartition("@")
    if not _is_escaped(account):
        return f"cannot be read: {ENCODE}"
    if "#" in place:
        return "has a # behind its host; write %23"
    before_options, _, options = place.partition("?")
    return _about_host(before_options.partition("/")[0]) or _about_options(options)


def _is_escaped(account: str) -> bool:
    user, _, password = account.partition(":")
    return all(SECRET_PARTS.fullmatch(ESCAPED.sub("", part)) for part in (user, password))


def _about_host(authority: str) -> str:
    if "," in authority:
        return (
            "names several hosts in one place; write postgresql+psycopg://USER:PASSWORD@/DATABASE"
            "?host=FIRST:5432&host=SECOND:5432&target_session_attrs=read-write"
        )
    if authority.endswith(":"):
        return "has a colon and no port behind its host; write HOST:5432, or leave the colon out"
    if not AUTHORITY.fullmatch(authority):
        return f"cannot be read: write postgresql+psycopg://USER:PASSWORD@HOST:5432/DATABASE, and {ENCODE}"
    return ""


def _about_options(options: str) -> str:
    written = dict(option.partition("=")[::2] for option in options.split("&") if option)
    if "schema" in written:
        return "has the option schema, which does not exist; leave it out: the tables are in the schema public"
    if written.keys() - _known_options():
        return "has an option that PostgreSQL does not know; leave it out (and write & within a value as %26)"
    if written.get("sslmode", "prefer") not in SSL_MODES:
        return f"has an sslmode that does not exist; write one of {', '.join(SSL_MODES)}"
    return ""


def _known_options() -> set[str]:
    """What the installed client library takes."""
    from psycopg.pq import Conninfo

    return {option.keyword.decode() for option in Conninfo.get_defaults()}
