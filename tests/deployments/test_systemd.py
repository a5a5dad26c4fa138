"""The systemd units, by what can be known without systemd."""

import pytest

from tests.support.command_lines import DEPLOYMENTS, KNOWN_VARIABLES, complaint_about

UNITS = {path.name: path.read_text(encoding="utf-8") for path in sorted((DEPLOYMENTS / "systemd").iterdir())}
HOME = "/opt/activation-sync/"


def values(unit: str, key: str) -> list[str]:
    """What a unit says of a key, line by line."""
    found = (line.partition("=") for line in UNITS[unit].splitlines())
    return [value for name, _, value in found if name == key]


def hardening(unit: str) -> list[str]:
    lines = UNITS[unit].splitlines()
    return lines[lines.index("CapabilityBoundingSet=") : lines.index("SystemCallFilter=~@privileged @resources") + 1]


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_runs_commands_that_exist(unit):
    for line in values(unit, "ExecStart"):
        program, *words = line.split()
        assert program.startswith(f"{HOME}.venv/bin/")
        assert complaint_about([program, *words]) == ""


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_sets_only_variables_that_somebody_reads_and_no_secret(unit):
    names = {line.partition("=")[0] for line in values(unit, "Environment")}
    assert names <= KNOWN_VARIABLES
    assert not any("AUTH" in name or "URL" in name for name in names)


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_is_shut_in_as_the_others_are(unit):
    assert hardening(unit) == hardening("activation-sync-server.service")
    assert values(unit, "User") == ["activation-sync"]
    assert values(unit, "UMask") == ["0077"]


@pytest.mark.parametrize("unit", UNITS)
def test_what_a_unit_waits_for_is_a_unit(unit):
    named = " ".join(values(unit, "After") + values(unit, "Requires")).split()
    assert {name for name in named if name.startswith("activation-sync")} <= set(UNITS)


def test_what_a_unit_may_write_is_where_it_writes():
    """All else is read-only for it (`ProtectSystem=strict`)."""
    for unit in UNITS:
        homes = [line.split("=")[1] for line in values(unit, "Environment") if "HOME" in line or "STATIC" in line]
        assert values(unit, "StateDirectory") == ["activation-sync"]
        assert homes
        assert all(home.startswith("/var/lib/activation-sync/") for home in homes)


def test_a_killed_run_of_a_worker_is_noticed():
    assert "PREFECT_FLOWS_HEARTBEAT_FREQUENCY=30" in values("activation-sync-worker@.service", "Environment")
