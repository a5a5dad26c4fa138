"""Microsoft Graph, as far as activation counts need it: the three reports, the write-back, and a few probes."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from activation_sync.clock import CLOCK, Clock
from activation_sync.core.model import Report
from activation_sync.core.reports.products import NO_ALIASES
from activation_sync.core.rule.delivery import Answer, CountUpdate, GraphRow
from activation_sync.errors import GraphBusyError
from activation_sync.graph.answers import CONFLICT, count_rows, failure, is_busy, judge_patch, lost
from activation_sync.graph.auth import ScopedTokens, TokenSource
from activation_sync.graph.batch import patch_batch
from activation_sync.graph.clouds import Cloud, has_origin
from activation_sync.graph.connection import Line
from activation_sync.graph.download import Download, open_csv, open_json
from activation_sync.graph.precondition import settle_changed
from activation_sync.graph.waits import Patience, Waits
from activation_sync.graph.wire import (
    BATCH_LIMIT,
    Format,
    Reply,
    filtered_path,
    next_link,
    token_roles,
    update_body,
    update_headers,
)

DEFAULT_PATIENCE = Patience()
PAGES_LIMIT = 100  # a date has a row a product: a few dozen


class GraphClient:
    """Graph for one tenant; a context manager, safe to share between a few threads.

    aliases: other names of products. patience: how long one call may wait because Graph asks.
    """

    def __init__(
        self,
        cloud: Cloud,
        tokens: TokenSource,
        *,
        ca_file: Path | None = None,
        aliases: Mapping[str, str] = NO_ALIASES,
        patience: Patience = DEFAULT_PATIENCE,
        clock: Clock = CLOCK,
    ) -> None:
        self._cloud = cloud
        self._tokens = tokens
        self._aliases = aliases
        waits = Waits(patience, clock.sleep)
        self._line = self._write_line = Line(tokens, waits, ca_file, cloud.route, clock.now, cloud.bounds)
        if cloud.write_scope != cloud.scope:
            others = ScopedTokens(tokens, cloud.write_scope)
            self._write_line = Line(others, waits, ca_file, cloud.route, clock.now, cloud.bounds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._line.close()
        self._write_line.close()

    @property
    def throttled_s(self) -> float:
        """Seconds waited because Graph asked, summed over threads."""
        return self._line.waits.throttled_s

    def download(
        self,
        report: Report,
        etag: str | None = None,
        format: Format = "csv",  # noqa: A002  as Graph's own parameter is called
    ) -> AbstractContextManager[Download]:
        """One report, streamed. etag: of the last download; Graph may answer that nothing has changed.

        Raises GraphBusyError, also while it is read; GraphRefusedError for a missing permission or report.
        """
        opener = open_json if format == "json" else open_csv
        return opener(self._line, self._cloud, report, etag)

    def patch(self, update: CountUpdate) -> Answer:
        """Send one row. What happens to the row is in the answer; it may have arrived even when none came back.

        After a 412 it reads the row, and sends once more for that version unless somebody else changed it.

        Raises GraphRefusedError or CredentialError when no row can be sent at all.
        """
        answer = self._patch_once(update)
        if answer.status == CONFLICT:
            answer = self._patch_once(update)
        [settled] = settle_changed([update], [answer], self.read_counts, self._patch_each)
        return settled

    def _patch_each(self, updates: Sequence[CountUpdate]) -> list[Answer]:
        return [self._patch_once(update) for update in updates]

    def _patch_once(self, update: CountUpdate) -> Answer:
        url = self._cloud.write_root + self._cloud.write_back_path
        try:
            reply = self._write_line.reply("PATCH", url, update_body(update), update_headers(update))
        except GraphBusyError as busy:
            return lost(busy)
        return judge_patch(update, reply, self._write_line.clock())

    def patch_batch(self, updates: Sequence[CountUpdate]) -> list[Answer]:
        """Send up to 20 rows in one request; the answers in the same order. Raises as `patch` does."""
        if len(updates) > BATCH_LIMIT:
            raise ValueError(f"{len(updates)} rows in a batch; Graph takes {BATCH_LIMIT}")
        send = partial(patch_batch, self._write_line, self._cloud)
        return settle_changed(updates, send(updates), self.read_counts, send)

    def read_counts(self, refreshed_on: date) -> list[GraphRow] | None:
        """What the resource holds for a refresh date; None where it cannot be read back.

        That is the case when the resource does not exist, cannot be filtered, is closed to us for reading, or goes
        on at another server: some of the rows would look like all of them.
        """
        rows: list[GraphRow] = []
        url = self._cloud.write_root + filtered_path(self._cloud.write_back_path, refreshed_on)
        for _ in range(PAGES_LIMIT):
            reply = self._look_up(self._write_line, "Reading the counts back", url)
            if reply.status != 200:
                return None
            rows += count_rows(reply, self._aliases)
            link = next_link(reply.body)
            if link is None:
                return [held for held in rows if held.row.refreshed_on == refreshed_on]
            if len(link) > self._cloud.bounds.address_chars or not has_origin(link, self._cloud.write_root):
                return None
            url = link
        return None

    def read_token_roles(self) -> tuple[str, ...] | None:
        """The permissions our token carries; None when it cannot be read."""
        return token_roles(self._tokens.token())

    def read_report_settings(self) -> bool | None:
        """Whether reports conceal users' names (`displayConcealedNames`); None when we may not know.

        Offered by the global cloud, to applications with ReportSettings.Read.All.
        """
        url = f"{self._cloud.root}/v1.0/admin/reportSettings"
        reply = self._look_up(self._line, "Reading the report settings", url)
        concealed = reply.body.get("displayConcealedNames") if isinstance(reply.body, dict) else None
        return concealed if reply.status == 200 and isinstance(concealed, bool) else None

    @staticmethod
    def _look_up(line: Line, what: str, url: str) -> Reply:
        """An answer to a question that Graph may decline; raises only when there is no answer to be had."""
        reply = line.reply("GET", url)
        if is_busy(reply) or reply.status == 401:
            raise failure(what, reply, line.clock())
        return reply
