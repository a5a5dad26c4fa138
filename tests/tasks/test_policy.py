"""When Prefect tries a step again: what the retry policy promises, shown by a real flow of one small step."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
from prefect import flow, task
from prefect.states import State

from activation_sync.core.rule.guards import HELD_BY
from activation_sync.errors import (
    ConfigError,
    GraphBusyError,
    GraphRefusedError,
    LeaseLostError,
    ReportFormatError,
    TenantBusyError,
    WarehouseBusyError,
    WarehouseError,
)
from config.sources import use_file
from tasks.policy import STEP, putting_off
from tests.support.sites.secret_files import write_secret

OVERHEAD_S = 1.0  # far more than Prefect needs between two tries, far less than a delay that must not be used
TENANT = """
[[tenants]]
name = "contoso"
tenant_id = "contoso.onmicrosoft.com"
client_id = "11111111-2222-3333-4444-555555555555"
client_secret = "file:secret"
"""


@dataclass
class Part:
    """What happens to one step: the error of each try, None for a good one; and when each try began."""

    errors: list[Exception | None]
    tried_at: list[float] = field(default_factory=list)

    def play(self) -> None:
        self.tried_at.append(time.monotonic())
        error = self.errors[len(self.tried_at) - 1]
        if error is not None:
            raise error

    @property
    def waits_s(self) -> list[float]:
        return [after - before for before, after in pairwise(self.tried_at)]


@pytest.fixture
def retrying(tmp_path: Path, prefect_server: None, own_configuration: None) -> Callable[..., None]:
    """Configures `retry_delays_s`, in seconds."""
    write_secret(tmp_path / "secret", "none")

    def configure(*delays_s: float) -> None:
        file = tmp_path / "activation-sync.toml"
        file.write_text(f"[sync]\nretry_delays_s = {list(delays_s)}\n{TENANT}", encoding="utf-8")
        use_file(file)

    return configure


def play(*parts: Part) -> list[State]:
    """Each part as a task run of its own, all at once, in one flow run."""

    @task(**STEP)
    def step(number: int) -> None:
        parts[number].play()

    @flow
    def steps() -> list[State]:
        futures = step.map(range(len(parts)))
        futures.wait()
        return [future.state for future in futures]

    return steps()


def is_about(wait_s: float, asked_s: float) -> bool:
    return asked_s <= wait_s < asked_s + OVERHEAD_S


@pytest.mark.parametrize("error", [WarehouseBusyError("locked"), TenantBusyError("held"), GraphBusyError("failed")])
def test_a_passing_error_is_tried_again_after_each_configured_delay_and_then_no_more(retrying, error):
    retrying(0.2, 0.4)
    part = Part([error] * 3)

    [state] = play(part)

    assert state.is_failed()
    assert [is_about(*pair) for pair in zip(part.waits_s, [0.2, 0.4], strict=True)] == [True, True]


def test_an_error_that_repeating_cannot_help_is_never_tried_again(retrying):
    retrying(0.0, 0.0)
    hopeless = [
        *(kind("no") for kind in (GraphRefusedError, ReportFormatError, WarehouseError, LeaseLostError)),
        *(kind("wait") for kind in HELD_BY.values()),
        ConfigError(["a mistake"]),
        ZeroDivisionError("a bug"),
    ]
    parts = [Part([error]) for error in hopeless]

    states = play(*parts)

    assert [len(part.tried_at) for part in parts] == [1] * len(hopeless)
    assert [state.is_failed() for state in states] == [True] * len(hopeless)


def test_a_wait_that_graph_asks_for_is_waited_instead_of_the_configured_delay(retrying):
    retrying(30.0)
    part = Part([GraphBusyError("throttled", retry_after_s=0.2), GraphBusyError("throttled", 0.6), None])

    [state] = play(part)

    assert state.is_completed()
    assert [is_about(*pair) for pair in zip(part.waits_s, [0.2, 0.6], strict=True)] == [True, True]


def test_waits_that_graph_asks_for_burn_no_retry(retrying):
    retrying(0.0)
    throttled, failed = GraphBusyError("throttled", retry_after_s=0.01), WarehouseBusyError("locked")
    saved = Part([throttled, throttled, throttled, failed, throttled, throttled, None])
    lost = Part([throttled, failed, throttled, failed])

    assert [state.is_completed() for state in play(saved, lost)] == [True, False]
    assert (len(saved.tried_at), len(lost.tried_at)) == (7, 4)


def test_steps_side_by_side_keep_to_their_own_delays(retrying):
    retrying(0.4, 0.4)
    slow = Part([GraphBusyError("throttled", retry_after_s=1.5), None])
    quick = Part([GraphBusyError("throttled", retry_after_s=0.1)] * 4 + [None])
    failing = Part([WarehouseBusyError("locked")] * 2 + [None])

    states = play(slow, quick, failing)

    assert [state.is_completed() for state in states] == [True] * 3
    assert [is_about(*pair) for pair in zip(slow.waits_s, [1.5], strict=True)] == [True]
    assert [is_about(*pair) for pair in zip(quick.waits_s, [0.1] * 4, strict=True)] == [True] * 4
    assert [is_about(*pair) for pair in zip(failing.waits_s, [0.4] * 2, strict=True)] == [True] * 2


def test_every_run_of_a_step_has_all_of_its_retries(retrying):
    """In one thread, too: what one task run used up is not the next one's loss."""
    retrying(0.0, 0.0)
    parts = [Part([WarehouseBusyError("locked")] * 2 + [None]) for _ in range(3)]

    @task(**STEP)
    def step(number: int) -> None:
        parts[number].play()

    @flow
    def steps() -> list[State]:
        return [step(number, return_state=True) for number in range(3)]

    assert [state.is_completed() for state in steps()] == [True] * 3
    assert [len(part.tried_at) for part in parts] == [3] * 3


def test_where_tenants_share_a_run_a_step_that_would_wait_for_long_is_not_tried_again(retrying):
    """`graph.longest_wait_s` is 30 unless configured."""
    retrying(0.1)
    part = Part([GraphBusyError("throttled", retry_after_s=31)])

    with putting_off():
        [state] = play(part)

    assert state.is_failed()
    assert part.waits_s == []


def test_there_too_a_short_wait_is_waited(retrying):
    retrying()
    part = Part([GraphBusyError("throttled", retry_after_s=0.3), None])

    with putting_off():
        [state] = play(part)

    assert state.is_completed()
    assert is_about(part.waits_s[0], 0.3)
