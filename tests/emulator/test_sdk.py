"""The vendor's own SDK, unmodified, reads the emulator: it redirects by itself and returns raw bytes."""

import asyncio
import ssl
import warnings
from typing import Any

import httpx
from kiota_abstractions.authentication import (
    AccessTokenProvider,
    AllowedHostsValidator,
    BaseBearerTokenAuthenticationProvider,
)

from tests.emulator.conftest import Caller

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # generated code warns about itself on import
    from msgraph_beta import GraphRequestAdapter, GraphServiceClient
    from msgraph_beta.generated.reports.reports_request_builder import ReportsRequestBuilder
    from msgraph_beta.graph_request_adapter import options
    from msgraph_core import GraphClientFactory


class TokenInHand(AccessTokenProvider):
    """Gives the SDK a token that was fetched before."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def get_authorization_token(self, uri: str, additional_authentication_context: Any = None) -> str:  # noqa: ARG002  the SDK's door
        return self._token

    def get_allowed_hosts_validator(self) -> AllowedHostsValidator:
        return AllowedHostsValidator(["127.0.0.1"])


async def read_reports(graph: Caller) -> list[bytes]:
    context = ssl.create_default_context(cafile=str(graph.emulator.ca_file))
    token = graph.ask_token().json()["access_token"]
    async with httpx.AsyncClient(verify=context, trust_env=False) as http:
        client = GraphClientFactory.create_with_default_middleware(client=http, options=options)
        adapter = GraphRequestAdapter(BaseBearerTokenAuthenticationProvider(TokenInHand(token)), client=client)
        adapter.base_url = f"{graph.emulator.graph_root}/beta"
        reports: ReportsRequestBuilder = GraphServiceClient(request_adapter=adapter).reports
        return [
            await reports.get_office365_activations_user_counts.get(),
            await reports.get_office365_activations_user_detail.get(),
            await reports.get_office365_activation_counts.get(),
        ]


def test_the_public_sdk_reads_all_three_reports_and_breaks_no_rule(graph: Caller) -> None:
    names = ("getOffice365ActivationsUserCounts", "getOffice365ActivationsUserDetail", "getOffice365ActivationCounts")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        assert asyncio.run(read_reports(graph)) == [graph.download(name).content for name in names]
    assert graph.emulator.violations() == ()
