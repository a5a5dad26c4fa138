"""The door to the dashboard, where nobody looks through it."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.sites.newcomer import family_of

ROOT = Path(__file__).parents[2]
SHOWS = """
from tasks.showing import show_list, show_page, show_progress, show_table

show_table("a-table", [{"product": "VISIO PRO"}], "a table")
show_list("a-list", [{"product": "VISIO PRO"}], "a list")
show_page("a-page", "# A page", "a page")
show_progress("a-progress", 50, "half of it")
print("shown", flush=True)
input()
"""


def test_what_is_shown_outside_of_any_flow_run_starts_no_prefect_server(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}

    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", SHOWS], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as shows:
        said = shows.stdout and shows.stdout.readline()
        family = family_of(shows.pid)
        shows.kill()

    assert said == "shown\n"
    assert family == {shows.pid}
