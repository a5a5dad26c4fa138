"""The emulator's own paths, `/_emulator/...`: scripts of any language steer it over HTTP, on loopback only."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from activation_sync.emulator.faults.faults import Fault, ScriptedFault
from activation_sync.emulator.service.world import World

Steer = Callable[[World, Mapping[str, Any]], Any]


def steering_routes(world: World) -> list[Route]:
    """The routes under `/_emulator`."""
    return [
        Route(f"/_emulator/{path}", partial(_steer, world, by_method), methods=list(by_method))
        for path, by_method in _PATHS.items()
    ]


def script_fault(world: World, operation: str, fault: Fault, tenant: str | None = None, times: int = 1) -> None:
    """Queue a fault; ValueError when the operation, the tenant or the combination does not exist."""
    with world.lock:
        if tenant is not None and world.tenant_called(tenant) is None:
            raise ValueError(f"no tenant is called {tenant!r}")
        world.faults.add(ScriptedFault(operation, fault, tenant, times))


async def _steer(world: World, by_method: Mapping[str, Steer], request: Request) -> Response:
    try:
        asked = json.loads(await request.body() or b"{}")
        if not isinstance(asked, dict):
            raise TypeError("a JSON object was expected")
        with world.lock:
            answer = by_method[request.method](world, asked)
    except (ValueError, TypeError) as error:
        return JSONResponse({"error": str(error)}, status_code=400)
    return Response(json.dumps(answer, default=str), media_type="application/json")


def _add_fault(world: World, asked: Mapping[str, Any]) -> Any:
    wanted = {"operation": "", **asked}
    operation, tenant, times = wanted.pop("operation"), wanted.pop("tenant", None), wanted.pop("times", 1)
    script_fault(world, operation, Fault(**wanted), tenant, times)
    return _show_faults(world, asked)


def _show_faults(world: World, _: Mapping[str, Any]) -> Any:
    return {"unused": [asdict(scripted) for scripted in world.faults.unused()]}


def _clear_faults(world: World, asked: Mapping[str, Any]) -> Any:
    world.faults.clear()
    return _show_faults(world, asked)


def _move_clock(world: World, asked: Mapping[str, Any]) -> Any:
    world.advance(**asked)
    return _show_clock(world, asked)


def _show_clock(world: World, _: Mapping[str, Any]) -> Any:
    clock = world.clock
    return {"refreshed_on": clock.refreshed_on, "today": clock.today, "now": clock.now(), "refreshes": clock.refreshes}


def _show_journal(world: World, _: Mapping[str, Any]) -> Any:
    return {"entries": [asdict(entry) for entry in world.journal.entries()]}


def _clear_journal(world: World, asked: Mapping[str, Any]) -> Any:
    world.journal.clear()
    return _show_journal(world, asked)


def _show_state(world: World, asked: Mapping[str, Any]) -> Any:
    return {
        "graph_root": world.root,
        "download_root": world.download_root,
        "clock": _show_clock(world, asked),
        "write_back": world.scenario.write_back,
        "tenants": [_show_tenant(world, tenant.tenant_id) for tenant in world.tenants],
        "unused_faults": len(world.faults.unused()),
        "violations": [violation for entry in world.journal.entries() for violation in entry.violations],
    }


def _show_tenant(world: World, tenant_id: str) -> Any:
    tenant = next(tenant for tenant in world.tenants if tenant.tenant_id == tenant_id)
    return {
        **asdict(tenant),
        "authority": f"{world.root}/{tenant_id}",
        "published": [
            {
                "id": row.id,
                "refreshed_on": row.refreshed_on,
                "product_type": row.product_type,
                **row.counts._asdict(),
            }
            for row in world.rows(tenant_id)
        ],
        "report_counts": {product: counts._asdict() for product, counts in world.report_counts(tenant).items()},
        "detail_counts": {product: counts._asdict() for product, counts in world.detail_counts(tenant).items()},
    }


_PATHS: Mapping[str, Mapping[str, Steer]] = {
    "faults": {"GET": _show_faults, "POST": _add_fault, "DELETE": _clear_faults},
    "clock": {"GET": _show_clock, "POST": _move_clock},
    "journal": {"GET": _show_journal, "DELETE": _clear_journal},
    "state": {"GET": _show_state},
}
