"""compose.yaml, by what can be known without an engine."""

import re
from typing import Any

import pytest
import yaml

from tests.support.command_lines import DEPLOYMENTS, KNOWN_VARIABLES, PINNED, WAREHOUSE_URL, complaint_about

COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOYMENTS / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = sorted(name for name, service in SERVICES.items() if service["image"] == COMPOSE["name"])
MADE_BY_THE_OPERATOR = "./production/"  # described in RUNBOOK.md


@pytest.mark.parametrize("name", OURS)
def test_a_service_runs_a_command_that_exists(name):
    assert complaint_about(SERVICES[name]["command"]) == ""


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_sets_only_variables_that_somebody_reads_and_no_secret(name):
    environment = SERVICES[name].get("environment", {})
    assert set(environment) <= KNOWN_VARIABLES
    assert all(isinstance(value, str) for value in environment.values())
    assert not any("@" in value or "AUTH" in key for key, value in environment.items())


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_names_is_there(name):
    service = SERVICES[name]
    assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
    for source in (mount.split(":")[0] for mount in service.get("volumes", [])):
        is_file = source.startswith("./") and not source.startswith(MADE_BY_THE_OPERATOR)
        assert (DEPLOYMENTS / source).exists() if is_file else source.startswith("./") or source in COMPOSE["volumes"]
    if "build" in service:
        assert (DEPLOYMENTS / service["build"]["context"] / service["build"]["dockerfile"]).is_file()


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_waits_for_what_can_become_true(name):
    """Healthy needs a health check; completed needs a service that is not started again for ever."""
    for other, wait in SERVICES[name].get("depends_on", {}).items():
        if wait["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[other]
        else:
            assert wait["condition"] == "service_completed_successfully"
            assert "restart" not in SERVICES[other]


def test_workers_wait_for_schema_and_deployments_and_are_noticed_when_killed():
    worker = SERVICES["worker"]
    assert {"migrate", "register", "server"} <= set(worker["depends_on"])
    assert worker["environment"]["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"] == "30"


def test_secrets_are_files_that_git_never_sees():
    assert all(secret["file"].startswith(MADE_BY_THE_OPERATOR) for secret in COMPOSE["secrets"].values())
    assert "/deployments/production/" in (DEPLOYMENTS.parent / ".gitignore").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_of_others_is_named_by_its_digest(name):
    assert name in OURS or PINNED.fullmatch(SERVICES[name]["image"])


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_can_use_up_neither_memory_nor_processes_nor_the_disk_by_one_file(name):
    service = SERVICES[name]
    assert re.fullmatch(r"[1-9]g", service["mem_limit"])
    assert 0 < service["pids_limit"] <= 512
    if name in OURS:  # PostgreSQL itself keeps its files at 1 GB, but not a dump
        assert 0 < service["ulimits"]["fsize"] <= 2**33


def test_the_server_is_another_account_and_gets_no_secret_but_its_own():
    accounts = {name: SERVICES[name].get("user", "that of the image") for name in OURS}
    assert [name for name in OURS if accounts[name] == accounts["server"]] == ["server"]
    assert (SERVICES["server"]["secrets"], SERVICES["server"]["volumes"]) == (["prefect-server.toml"], [])
    assert not any("prefect-server.toml" in SERVICES[name]["secrets"] for name in OURS if name != "server")


def test_only_migrate_is_the_owner_of_the_warehouse_and_nobody_is_a_superuser():
    with_owner = [name for name in SERVICES if "warehouse-owner-url" in SERVICES[name].get("secrets", [])]
    assert with_owner == ["migrate"]
    assert SERVICES["migrate"]["environment"][WAREHOUSE_URL] == "file:/run/secrets/warehouse-owner-url"
    assert not any(WAREHOUSE_URL in SERVICES[name].get("environment", {}) for name in SERVICES if name != "migrate")
    assert not any("postgres-password" in SERVICES[name].get("secrets", []) for name in OURS)


def test_each_account_of_the_database_gets_the_password_of_a_file_that_its_container_has():
    read = re.findall(r"cat /run/secrets/([\w-]+)", (DEPLOYMENTS / "role-passwords.sql").read_text(encoding="utf-8"))
    assert set(read) == set(SERVICES["postgres"]["secrets"]) - {"postgres-password"}


def test_the_dashboard_is_its_own_origin_only():
    environment = SERVICES["server"]["environment"]
    assert environment["PREFECT_SERVER_CORS_ALLOWED_ORIGINS"] == "http://127.0.0.1:4200"
    assert environment["PREFECT_SERVER_CSRF_PROTECTION_ENABLED"] == "true"
    assert environment["PREFECT_SERVER_UI_API_URL"] == "/api"


def test_the_dashboard_is_offered_to_this_machine_only():
    assert [port.split(":")[0] for port in SERVICES["server"]["ports"]] == ["127.0.0.1"]
