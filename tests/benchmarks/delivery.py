"""Updates PATCHed to an emulated Graph, one by one and in batches, beside bare requests of the same bodies."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx

from activation_sync.core.model import Counts, Key
from activation_sync.core.reports.products import product_key
from activation_sync.core.rule.delivery import AnswerKind, CountUpdate
from activation_sync.emulator import Scenario, open_emulator
from activation_sync.graph.auth import TokenSource
from activation_sync.graph.client import GraphClient
from activation_sync.graph.trust import trust
from activation_sync.graph.wire import WRITE_BACK_PATH, update_body
from tests.support.clouds import cloud_at

IN_FLIGHT = 4
BATCH = 20


@dataclass(frozen=True, slots=True)
class Address:
    """Where a served emulator is."""

    root: str
    ca_file: Path
    tenant_id: str
    client_id: str
    secret: str
    refreshed_on: date


@contextmanager
def serving_emulator(products: int) -> Iterator[Address]:
    """An emulator in a process of its own, with so many rows to PATCH."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, products), daemon=True)
    process.start()
    try:
        yield ours.recv()
        ours.send("stop")
    finally:
        process.join(10)
        process.kill()


def _serve(pipe: Connection, products: int) -> None:
    names = tuple(f"Product {number}" for number in range(products))
    with open_emulator(Scenario(products=names, users=50)) as emulator:
        tenant = emulator.tenants[0]
        identity = (tenant.tenant_id, tenant.client_id, tenant.client_secret)
        pipe.send(Address(emulator.graph_root, emulator.ca_file, *identity, emulator.refreshed_on))
        pipe.poll(600)


def ours(address: Address, count: int, batch: int) -> Callable[[], object]:
    """Through our client: every answer judged and compared with what was sent."""
    graph = GraphClient(_cloud(address), _tokens(address), ca_file=address.ca_file)
    parts = list(_parts(_updates(address, count), batch))

    def send(part: list[CountUpdate]) -> int:
        answers = graph.patch_batch(part) if batch > 1 else [graph.patch(part[0])]
        return sum(answer.kind is AnswerKind.ACKNOWLEDGED for answer in answers)

    return lambda: _all_of(count, send, parts)


def floor(address: Address, count: int, batch: int) -> Callable[[], object]:
    """Bare requests with the same bodies; answers are counted, not looked at."""
    token = _tokens(address).token()
    client = httpx.Client(verify=trust(address.ca_file), headers={"Authorization": f"Bearer {token}"}, timeout=60)
    parts = list(_parts(_updates(address, count), batch))

    def send(part: list[CountUpdate]) -> int:
        if batch == 1:
            return client.patch(address.root + WRITE_BACK_PATH, json=update_body(part[0])).is_success
        requests = [_item(index, update) for index, update in enumerate(part)]
        client.post(f"{address.root}/beta/$batch", json={"requests": requests}).raise_for_status()
        return len(part)

    return lambda: _all_of(count, send, parts)


def _all_of(count: int, send: Callable[[list[CountUpdate]], int], parts: list[list[CountUpdate]]) -> None:
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        sent = sum(pool.map(send, parts))
    if sent != count:
        raise RuntimeError(f"{sent} of {count} updates were acknowledged")


def _updates(address: Address, count: int) -> list[CountUpdate]:
    names = (f"Product {number}" for number in range(count))
    return [CountUpdate(Key(address.refreshed_on, product_key(name)), name, Counts(9, 5, 1)) for name in names]


def _parts(updates: list[CountUpdate], size: int) -> Iterator[list[CountUpdate]]:
    return (updates[start : start + size] for start in range(0, len(updates), size))


def _item(index: int, update: CountUpdate) -> dict[str, Any]:
    headers = {"Content-Type": "application/json"}
    url = WRITE_BACK_PATH.removeprefix("/beta")
    return {"id": str(index), "method": "PATCH", "url": url, "headers": headers, "body": update_body(update)}


def _cloud(address: Address) -> Any:
    return cloud_at(address.root, address.root)


def _tokens(address: Address) -> TokenSource:
    return TokenSource(address.tenant_id, address.client_id, address.secret, _cloud(address), address.ca_file)
