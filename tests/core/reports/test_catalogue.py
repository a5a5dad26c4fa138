"""One entry a report; everybody else asks the entry."""

import ast
from pathlib import Path

import pytest

from activation_sync.core.model import Measure, Report
from activation_sync.core.reports.catalogue import CATALOGUE, KINDS, USER_COUNTS, USER_DETAIL, Keeps, Role
from activation_sync.graph.wire import report_path
from activation_sync.warehouse.reports.keeping import KEEPERS

ROOT = Path(__file__).parents[3]
ROOMS = ("activation_sync", "tasks", "flows", "commands", "config")
NAMES_A_REPORT = {  # beside the catalogue, and why
    "activation_sync/core/rule/guards.py": "the words on a cut report are about user detail",
}


def named_reports(path: Path) -> set[str]:
    """The reports that a module names as `Report.X`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Report"
    } & set(Report.__members__)


def test_every_report_has_one_entry():
    assert sorted(kind.report for kind in CATALOGUE) == sorted(Report)
    assert all(KINDS[report].report is report for report in Report)


def test_one_report_is_published_and_one_observed():
    roles = [kind.role for kind in CATALOGUE]
    assert (roles.count(Role.PUBLISHED), roles.count(Role.OBSERVED)) == (1, 1)


def test_what_a_plan_is_made_from_a_night_needs():
    assert all(kind.is_required for kind in CATALOGUE if kind.has_counts)


@pytest.mark.parametrize("keeps", Keeps)
def test_every_way_of_keeping_has_its_keeper(keeps):
    assert keeps in KEEPERS


def test_the_counts_report_has_a_column_a_measure_in_the_order_of_the_counts():
    assert [column.title for column in USER_COUNTS.columns[2:]] == [measure.column for measure in Measure]


def test_only_what_names_users_is_personal():
    assert [kind for kind in CATALOGUE if kind.is_personal] == [USER_DETAIL]


@pytest.mark.parametrize("kind", CATALOGUE, ids=[kind.report for kind in CATALOGUE])
def test_a_report_is_asked_for_by_its_function(kind):
    assert report_path(kind.report, "v1.0", "csv") == f"/v1.0/reports/{kind.function}"
    assert ("$top=" in report_path(kind.report, "beta", "json")) == (kind.page_rows is not None)


def test_nobody_asks_which_report_it_is_but_the_catalogue():
    paths = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    naming = {path.relative_to(ROOT).as_posix() for path in paths if named_reports(path)}
    assert naming - {"activation_sync/core/reports/catalogue.py"} == set(NAMES_A_REPORT)
