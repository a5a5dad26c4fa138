"""A real client for the emulator: httpx with the emulator's CA, a token from its token endpoint, nothing patched."""

import contextlib
import csv
import io
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from activation_sync.emulator import EmulatedTenant, Emulator, Scenario, open_emulator

RESOURCE = "/beta/office365ActivationsUserCounts"
MAIN = "Microsoft 365 Apps for enterprise"


class Caller:
    """One application in one tenant, talking to one emulator."""

    def __init__(self, emulator: Emulator, tenant: EmulatedTenant) -> None:
        self.emulator, self.tenant = emulator, tenant
        self.http = httpx.Client(
            base_url=emulator.graph_root,
            verify=ssl.create_default_context(cafile=str(emulator.ca_file)),
            trust_env=False,
            timeout=20,
        )
        self.renew()

    def renew(self, **changed: str) -> None:
        """Ask for a token as before, or with some of the form changed, and use it from now on."""
        self.http.headers.pop("Authorization", None)
        answer = self.ask_token(**changed)
        self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def ask_token(self, tenant: str = "", **changed: str) -> httpx.Response:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.tenant.client_id,
            "client_secret": self.tenant.client_secret,
            "scope": f"{self.emulator.graph_root}/.default",
        }
        return self.http.post(f"/{tenant or self.tenant.tenant_id}/oauth2/v2.0/token", data=form | changed)

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.http.get(path, headers=headers)

    def patch(self, body: Any, **headers: str) -> httpx.Response:
        return self.http.patch(RESOURCE, json=body, headers={name.replace("_", "-"): headers[name] for name in headers})

    def without_token(self, url: str) -> httpx.Response:
        request = self.http.build_request("GET", url)
        del request.headers["Authorization"]
        return self.http.send(request)

    def download(self, report: str) -> httpx.Response:
        """The CSV of a report: the hop made without the token, as a careful client makes it."""
        return self.without_token(self.get(f"/v1.0/reports/{report}").headers["location"])

    def csv_rows(self, report: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.download(report).content.decode("utf-8-sig"), newline="")))

    def key(self, product: str = MAIN) -> dict[str, str]:
        """What names a row in the body of a PATCH."""
        return {"reportRefreshDate": self.emulator.refreshed_on.isoformat(), "productType": product}

    def row_id(self, product: str = MAIN) -> str:
        rows = self.emulator.rows(self.tenant.tenant_id)
        return next(
            row.id for row in rows if row.product_type == product and row.refreshed_on == self.emulator.refreshed_on
        )


OpenGraph = Callable[..., Caller]


@pytest.fixture
def open_graph() -> Iterator[OpenGraph]:
    """Open an emulator with these settings and a client of its first tenant; every scripted fault must happen."""
    with contextlib.ExitStack() as stack:

        def opened(**settings: Any) -> Caller:
            emulator = stack.enter_context(open_emulator(Scenario(**settings)))
            caller = Caller(emulator, emulator.tenants[0])
            stack.callback(caller.http.close)
            stack.callback(_expect_no_unused, emulator)
            return caller

        yield opened


def _expect_no_unused(emulator: Emulator) -> None:
    assert emulator.unused_faults() == ()


@pytest.fixture
def graph(open_graph: OpenGraph) -> Caller:
    return open_graph(tenants=2)
