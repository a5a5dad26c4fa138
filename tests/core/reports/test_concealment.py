from datetime import date

import pytest

from activation_sync.core.model import DetailRow
from activation_sync.core.reports.concealment import conceal_names, has_concealed_names

ROW = DetailRow(date(2026, 11, 19), "Adele@Contoso.example", "Adele Vance", "VISIO", None, 1, 0, 0, 0, 0, False)
KEY, OTHER_KEY = b"a lasting key", b"drawn for this load"


def concealed(policy, key=KEY, row=ROW) -> DetailRow:
    (result,) = conceal_names([row], policy, key)
    return result


def test_kept_names_stay_as_they_are():
    assert concealed("keep", b"") == ROW


@pytest.mark.parametrize("policy", ["hash", "drop"])
def test_a_concealed_row_names_nobody_and_keeps_everything_else(policy):
    row = concealed(policy)

    assert len(row.user_principal_name) == 64
    assert "adele" not in f"{row.user_principal_name}{row.display_name}".lower()
    assert row.display_name == ""
    assert row._replace(user_principal_name=ROW.user_principal_name, display_name=ROW.display_name) == ROW


def test_a_user_can_be_followed_under_one_key_however_the_name_is_written():
    shouted = ROW._replace(user_principal_name="ADELE@CONTOSO.EXAMPLE")

    assert concealed("hash").user_principal_name == concealed("hash", row=shouted).user_principal_name


@pytest.mark.parametrize("policy", ["hash", "drop"])
def test_rows_under_different_keys_cannot_be_linked(policy):
    assert concealed(policy).user_principal_name != concealed(policy, OTHER_KEY).user_principal_name


def test_different_users_stay_apart():
    other = ROW._replace(user_principal_name="alex@contoso.example")

    assert concealed("drop").user_principal_name != concealed("drop", row=other).user_principal_name


@pytest.mark.parametrize("policy", ["hash", "drop"])
def test_an_empty_key_is_refused_because_anybody_could_compute_the_hashes(policy):
    with pytest.raises(ValueError, match="empty key"):
        concealed(policy, b"")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("77E5979DD60BA6EAA53E814DBEEEFA5F", True),
        ("77e5979dd60ba6eaa53e814dbeeefa5f", False),
        ("77E5979DD60BA6EAA53E814DBEEEFA5", False),
        ("77E5979DD60BA6EAA53E814DBEEEFA5F\n", False),
        ("adele@contoso.example", False),
        ("", False),
    ],
)
def test_names_that_graph_concealed_are_32_upper_case_hex_digits(name, expected):
    assert has_concealed_names(name) is expected
