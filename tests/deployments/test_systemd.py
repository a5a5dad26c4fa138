"""The systemd units, by what can be known without systemd."""

import re

import pytest

from tests.support.command_lines import DEPLOYMENTS, KNOWN_VARIABLES, WAREHOUSE_URL, complaint_about

UNITS = {path.name: path.read_text(encoding="utf-8") for path in sorted((DEPLOYMENTS / "systemd").iterdir())}
HOME = "/opt/activation-sync/"
SERVER = "activation-sync-server.service"


def values(unit: str, key: str) -> list[str]:
    """What a unit says of a key, line by line."""
    found = (line.partition("=") for line in UNITS[unit].splitlines())
    return [value for name, _, value in found if name == key]


def credentials(unit: str) -> dict[str, str]:
    """What a unit loads, by the name that it finds it under."""
    return dict(line.split(":") for line in values(unit, "LoadCredential"))


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
    set_here = dict(line.split("=", 1) for line in values(unit, "Environment"))
    assert set(set_here) <= KNOWN_VARIABLES
    allowed = {"/api", "file:%d/warehouse-owner-url"}
    assert not any("AUTH" in name or ("URL" in name and value not in allowed) for name, value in set_here.items())


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_is_shut_in_as_the_others_are(unit):
    assert hardening(unit) == hardening(SERVER)
    assert values(unit, "UMask") == ["0077"]


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_can_use_up_neither_memory_nor_processes_nor_the_disk_by_one_file(unit):
    assert [re.fullmatch(r"[1-9]\d*G", *values(unit, key)) is not None for key in ("MemoryMax", "LimitFSIZE")] == [
        True
    ] * 2
    assert 0 < int(*values(unit, "TasksMax")) <= 512


def test_the_server_is_another_account_and_gets_no_secret_but_its_own():
    others = [unit for unit in UNITS if unit != SERVER]
    assert [values(unit, "User") for unit in others] == [["activation-sync"]] * len(others)
    assert values(SERVER, "User") == ["activation-sync-server"]
    assert list(credentials(SERVER)) == ["prefect-server.toml"]
    assert "ACTIVATION_SYNC_CONFIG" not in UNITS[SERVER]
    assert not any("prefect-server.toml" in credentials(unit) for unit in others)


def test_only_the_unit_that_migrates_is_the_owner_of_the_warehouse():
    with_owner = [unit for unit in UNITS if "warehouse-owner-url" in UNITS[unit]]
    assert with_owner == ["activation-sync-prepare.service"]
    assert any(line.endswith("activation-sync migrate") for line in values(with_owner[0], "ExecStart"))
    assert f"{WAREHOUSE_URL}=file:%d/warehouse-owner-url" in values(with_owner[0], "Environment")


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_reads_configuration_and_secrets_only_as_credentials_that_it_loads(unit):
    """/etc/activation-sync is root's alone."""
    loaded = credentials(unit)
    assert all(path.startswith("/etc/activation-sync/") for path in loaded.values())
    named = [line.partition("=")[2].removeprefix("file:") for line in values(unit, "Environment")]
    assert {value.removeprefix("%d/") for value in named if value.startswith("%d/")} == set(loaded) - {"secret"}
    assert not any(value.startswith("/etc") for value in named)


def test_the_dashboard_is_its_own_origin_only():
    assert {
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS=http://127.0.0.1:4200",
        "PREFECT_SERVER_CSRF_PROTECTION_ENABLED=true",
        "PREFECT_SERVER_UI_API_URL=/api",
    } <= set(values(SERVER, "Environment"))
    assert "--host 127.0.0.1" in values(SERVER, "ExecStart")[0]


@pytest.mark.parametrize("unit", UNITS)
def test_what_a_unit_waits_for_is_a_unit(unit):
    named = " ".join(values(unit, "After") + values(unit, "Requires")).split()
    assert {name for name in named if name.startswith("activation-sync")} <= set(UNITS)


def test_what_a_unit_may_write_is_where_it_writes():
    """All else is read-only for it (`ProtectSystem=strict`)."""
    for unit in UNITS:
        homes = [line.split("=")[1] for line in values(unit, "Environment") if "HOME" in line or "STATIC" in line]
        assert values(unit, "StateDirectory") == values(unit, "User")
        assert values(unit, "StateDirectoryMode") == ["0700"]
        assert homes
        assert all(home.startswith(f"/var/lib/{values(unit, 'User')[0]}/") for home in homes)


def test_a_killed_run_of_a_worker_is_noticed():
    assert "PREFECT_FLOWS_HEARTBEAT_FREQUENCY=30" in values("activation-sync-worker@.service", "Environment")
