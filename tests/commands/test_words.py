"""What commands say of chains, schedules and each other, as functions of values."""

from datetime import UTC, date, datetime

import pytest
from typer.testing import CliRunner

from activation_sync.warehouse.database.kinds import LedgerKind
from activation_sync.warehouse.ledger.ledger import LedgerRow
from commands.main import COMMANDS, app
from commands.support.schedules import Scheduled, cron_words, schedule_words
from commands.support.typed import with_variables
from commands.why import missing_words, sent_words

AT = datetime(2026, 11, 21, 1, 30, tzinfo=UTC)
ON, LATER = date(2026, 11, 19), date(2026, 11, 20)


def row(number: int, kind: LedgerKind, run: str = "r1", outbox_id: int | None = None) -> LedgerRow:
    return LedgerRow(number, AT, "contoso", run, "job", kind, ON, "VISIO", outbox_id=outbox_id)


SENT = row(1, LedgerKind.SENT, outbox_id=7)


@pytest.mark.parametrize(
    ("later", "words"),
    [
        ([], "the run sent a PATCH; answer awaited"),
        ([row(2, LedgerKind.ANSWER, outbox_id=7)], "the run sent a PATCH"),
        ([row(2, LedgerKind.ANSWER, outbox_id=6)], "the run sent a PATCH; answer awaited"),
        ([row(2, LedgerKind.DECISION, "r2")], "the run sent a PATCH; its answer was lost, so it is in doubt"),
    ],
)
def test_a_patch_is_in_doubt_only_once_its_answer_is_lost(later, words):
    assert sent_words(SENT, [SENT, *later]) == words


def test_a_product_that_does_not_exist_gets_the_list_of_those_that_do_the_nearest_first():
    known = {"PROJECT": [ON], "VISIO": [ON], "OFFICE 365 PROPLUS": [ON]}
    assert missing_words("VISOI", None, known, "contoso") == (
        "no decision about VISOI is recorded; the products are: VISIO, OFFICE 365 PROPLUS, PROJECT"
    )


def test_a_date_without_the_product_gets_the_dates_that_have_it():
    assert missing_words("VISIO", date(2026, 1, 1), {"VISIO": [ON, LATER]}, "contoso") == (
        "no decision about VISIO of 2026-01-01 is recorded; its refresh dates: 2026-11-19..2026-11-20"
    )


def test_in_an_empty_warehouse_nobody_is_told_to_spell_better():
    assert missing_words("VISIO", None, {}, "contoso").startswith("the warehouse is empty")


NIGHTLY = Scheduled("nightly", "every night at 01:30 (Europe/Berlin)", True)
FLEET = Scheduled("fleet", "every night at 01:30 (Europe/Berlin)", False)


def test_it_is_said_which_schedule_is_on():
    lines = list(schedule_words([FLEET, NIGHTLY]))
    assert lines == ["fleet: off", "nightly: on, every night at 01:30 (Europe/Berlin)"]


def test_none_and_two_schedules_are_both_worth_a_word():
    assert "no night runs by itself" in list(schedule_words([FLEET]))[-1]
    both = list(schedule_words([FLEET._replace(is_on=True), NIGHTLY]))
    assert both[-1] == "fleet and nightly are on: both run all tenants, so turn one of them off."


def test_a_rhythm_that_is_not_nightly_is_shown_as_it_is_written():
    assert cron_words("5 0 * * *", "UTC") == "every night at 00:05 (UTC)"
    assert cron_words("*/5 1 * * 1", "UTC") == "cron */5 1 * * 1 (UTC)"


def test_variables_stand_before_a_command_as_each_shell_wants_them():
    assert with_variables("p s", "linux", HOME_OF="/a b/c", URL="http://x") == "HOME_OF='/a b/c' URL=http://x p s"
    assert with_variables("p s", "win32", HOME_OF="C:\\a b") == 'set "HOME_OF=C:\\a b" && p s'


@pytest.mark.parametrize("words", [[], *([command.__name__.replace("_", "-")] for command in COMMANDS), ["import"]])
def test_every_command_has_a_short_way_to_its_help(words: list[str]):
    short, long = (CliRunner().invoke(app, [*words, option]) for option in ("-h", "--help"))
    assert (short.exit_code, short.stdout) == (0, long.stdout)
