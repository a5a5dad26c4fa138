"""What was served, and what clients did that they must not do."""

import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Any

KEPT_ENTRIES = 100_000


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One request and its answer. Free of tokens, secrets and pre-authenticated URLs.

    operation: "" when the path is none of ours. status: None when no answer left the emulator. fault: the kind of the
    scripted fault it met. body: of a PATCH or DELETE, as sent. violations: what the client should not have done.
    """

    at: datetime
    method: str
    path: str
    operation: str
    tenant: str
    status: int | None
    request_id: str
    client_request_id: str
    is_batch_item: bool = False
    fault: str = ""
    body: Any = None
    violations: tuple[str, ...] = ()


class Journal:
    """The last hundred thousand requests, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[JournalEntry] = deque(maxlen=KEPT_ENTRIES)
        self._lock = threading.Lock()

    def add(self, entry: JournalEntry) -> None:
        with self._lock:
            self._entries.append(entry)

    def entries(self) -> tuple[JournalEntry, ...]:
        with self._lock:
            return tuple(self._entries)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
