"""What the text of a setting must look like; each refusal says what is wrong and the remedy.

A refusal never repeats the value: `config.problems` adds it, where the setting may be shown.
"""

import re
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

from config.references import reading_of

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
DEVICE_NAMES = re.compile(r"con|prn|aux|nul|com\d|lpt\d")
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
GUID_OR_DOMAIN = re.compile(rf"{GUID.pattern}|([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{{2,}}", re.IGNORECASE)
HTTPS_URL = re.compile(r"https://[^\s/@?#]+(/[^\s@?#]*)?", re.IGNORECASE)
SCOPE = re.compile(r"(https|api)://[^\s?#]+/\.default", re.IGNORECASE)
API_VERSION = re.compile(r".*/(v1\.0|beta)/*", re.IGNORECASE)
HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*(:\d+)?")
URL_PATH = re.compile(r"/[^\s?#]*[^\s?#/]")
SHARED_AUTHORITIES = ("common", "organizations", "consumers")


def _matches(pattern: re.Pattern[str], otherwise: str) -> AfterValidator:
    """Accept text that is `pattern` from end to end; `otherwise` says what is wrong and the remedy."""

    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError(otherwise)
        return value

    return AfterValidator(check)


def _refuse_device_name(value: str) -> str:
    """A tenant's name also names a folder of the landing, perhaps on Windows."""
    if DEVICE_NAMES.fullmatch(value):
        raise ValueError("is a device on Windows and cannot name a folder; choose another name")
    return value


def _refuse_shared_authority(value: str) -> str:
    if value.lower() in SHARED_AUTHORITIES:
        raise ValueError("is not a tenant; an application signs in to one tenant: write its GUID or domain")
    return value


def _refuse_taken(value: str, validation: ValidationInfo) -> str:
    """Two tenants of one name, or two names of one tenant, would each undo what the other settled."""
    claim = (str(validation.field_name), value.lower())
    if claim in reading_of(validation).taken:
        raise ValueError("is taken by an earlier tenant; every tenant needs its own")
    reading_of(validation).taken.add(claim)
    return value


def _refuse_version(value: str) -> str:
    if API_VERSION.fullmatch(value):
        raise ValueError("ends in an API version; leave it out, the client adds it")
    return value


def _without_last_slash(value: str) -> str:
    return value.rstrip("/")


Slug = Annotated[
    str,
    _matches(SLUG, "is not a name; use lowercase letters, digits and single dashes, as in contoso-europe"),
    AfterValidator(_refuse_device_name),
    AfterValidator(_refuse_taken),
]
TenantId = Annotated[
    str,
    AfterValidator(_refuse_shared_authority),
    _matches(GUID_OR_DOMAIN, 'is neither a GUID nor a domain; copy "Directory (tenant) ID" from the app registration'),
    AfterValidator(_refuse_taken),
]
Guid = Annotated[str, _matches(GUID, 'is not a GUID; copy "Application (client) ID" from the app registration')]
HttpsUrl = Annotated[
    str,
    _matches(HTTPS_URL, 'is not an https URL; write "https://HOST" or "https://HOST:PORT"'),
    AfterValidator(_without_last_slash),
]
GraphRoot = Annotated[HttpsUrl, AfterValidator(_refuse_version)]
Host = Annotated[str, _matches(HOST, 'is not a host; write "HOST" or "HOST:PORT" in lowercase, without https://')]
Scope = Annotated[str, _matches(SCOPE, 'is not a scope; write "api://APPLICATION-ID/.default"')]
UrlPath = Annotated[str, _matches(URL_PATH, 'is not a path; begin with "/", leave out host, "?" and a last "/"')]
