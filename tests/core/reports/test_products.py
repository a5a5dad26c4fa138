import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation_sync.core.reports.products import product_key

ALIASES = {"office 365  proplus": "Microsoft 365 Apps for enterprise"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Visio Pro for Office 365", "VISIO PRO FOR OFFICE 365"),
        ("  VISIO  PRO\tFOR OFFICE 365 ", "VISIO PRO FOR OFFICE 365"),
        ("Visio\u00a0Pro", "VISIO PRO"),
        ("Office 365 ProPlus", "MICROSOFT 365 APPS FOR ENTERPRISE"),
        ("OFFICE 365 PROPLUS", "MICROSOFT 365 APPS FOR ENTERPRISE"),
        ("Office 365 ProPlus (old)", "OFFICE 365 PROPLUS (OLD)"),
        (" ", ""),
    ],
)
def test_a_product_has_one_name_however_it_is_spelled(name, expected):
    assert product_key(name, ALIASES) == expected


@given(st.text())
def test_a_name_of_ours_stays_as_it_is(name):
    assert product_key(product_key(name)) == product_key(name)
