"""A write-back at another server than Graph's: whose token it gets."""

from dataclasses import replace
from datetime import date
from urllib.parse import parse_qs

import pytest

from activation_sync.core.model import Counts, Key
from activation_sync.core.rule.delivery import AnswerKind, CountUpdate
from activation_sync.errors import ConfigError
from tests.support.servers.scripted_graph import Scripted, issued, will_discover, will_issue

PATCH = "PATCH /beta/office365ActivationsUserCounts"
READ = "GET /beta/office365ActivationsUserCounts"
BATCH = "POST /beta/$batch"
UPDATE = CountUpdate(Key(date(2026, 11, 21), "VISIO"), "VISIO", Counts(9, 7, 0))


def test_a_write_back_at_another_server_never_sees_a_token_of_graph(server, downloads, cloud, open_client):
    """Neither a PATCH, nor a batch, nor reading back; and each server's refusals renew its own token."""
    will_discover(server, 2)
    will_issue(server, issued("of-graph"), issued("of-counts"), issued("of-counts-renewed"))
    downloads.will_answer(PATCH, Scripted(401, {}), Scripted(204))
    downloads.will_answer(BATCH, Scripted(200, {"responses": [{"id": "1", "status": 204}]}))
    downloads.will_answer(READ, Scripted(200, {"value": []}))
    server.will_answer("GET /v1.0/admin/reportSettings", Scripted(200, {"displayConcealedNames": True}))
    elsewhere = replace(cloud, write_back_root=downloads.root, write_back_scope="api://counts/.default")
    with open_client(cloud=elsewhere) as graph:
        assert graph.read_report_settings() is True
        assert graph.patch(UPDATE).kind is AnswerKind.ACKNOWLEDGED
        assert [answer.kind for answer in graph.patch_batch([UPDATE])] == [AnswerKind.ACKNOWLEDGED]
        assert graph.read_counts(UPDATE.key.refreshed_on) == []
    sent = [seen.headers["authorization"] for seen in downloads.seen]
    assert sent == ["Bearer of-counts", *["Bearer of-counts-renewed"] * 3]
    asked = [parse_qs(seen.content.decode())["scope"] for seen in server.seen if seen.method == "POST"]
    assert asked == [[f"{server.root}/.default"], ["api://counts/.default"], ["api://counts/.default"]]


def test_a_write_back_at_another_server_with_neither_scope_nor_leave_is_refused(cloud):
    with pytest.raises(ConfigError, match=r"no token of Graph's: set write_back\.scope"):
        replace(cloud, write_back_root="https://counts.example.com")
    assert replace(cloud, write_back_root=cloud.root).write_scope == cloud.scope
