"""The dashboard that `up` shows, as a person reads and clicks it."""

import re
from dataclasses import dataclass

from playwright.sync_api import Locator, Page

LONGEST_MS = 90_000.0
ENDED = re.compile(r"Completed|NoNewReport|Failed|Held|Crashed")
RUN = "a[href*='/runs/flow-run/']"
DEPLOYMENT = "a[href*='/deployments/deployment/']"
ARTIFACT = "a[href*='/artifacts/artifact/']"
# images that hold their own bytes: what they show, and how wide they came out
CHARTS = """() => [...document.images].filter(it => it.src.startsWith('data:image/svg+xml'))
  .map(it => [it.alt, it.complete && it.naturalWidth])"""


@dataclass(frozen=True)
class Shown:
    """What a page shows. charts: each by its words, and how wide it came out, in pixels."""

    text: str
    charts: dict[str, int]


@dataclass
class Dashboard:
    page: Page

    def log_in(self, password: str) -> None:
        """On the page that is shown instead of any other until then."""
        asked = self.page.locator("input[type=password]")
        asked.fill(password)
        asked.press("Enter")
        asked.wait_for(state="detached")

    def schedule_of(self, deployment: str) -> str:
        """When the list of deployments says that it runs."""
        self._open("/deployments")
        row = self.page.get_by_role("row").filter(has=self._deployment(deployment))
        return row.locator("td").nth(-2).inner_text().strip()

    def start(self, deployment: str, choice: str) -> None:
        """Choose `Quick run` or `Custom run`."""
        self._open("/deployments")
        self._deployment(deployment).click()
        self._button("Run").click()
        self.page.get_by_text(choice, exact=True).click()

    def fill_in(self, *dates: str, reason: str, tenants: list[str]) -> None:
        """The form of a backfill, from top to bottom."""
        picker = self.page.locator(".p-date-picker")
        for number, day in enumerate(dates):
            self.page.locator(".p-date-button__control").nth(number).click()
            picker.locator("input[type=date]").fill(day)
            self._button("Apply").click()
            picker.wait_for(state="detached")
        texts = self.page.locator("textarea")
        texts.first.fill(reason)
        self._button("list").click()
        for number, tenant in enumerate(tenants, 1):
            self._button("Add item").click()
            texts.nth(number).fill(tenant)

    def submit(self) -> None:
        self._button("Submit").click()

    def complaints(self) -> list[str]:
        """What the form objects to, once it does."""
        said = self.page.get_by_text("is a required property")
        said.first.wait_for()
        return said.all_inner_texts()

    def watch_to_its_end(self) -> str:
        """Follow the note that a run was started to its page, and stay there until it has ended; return its state."""
        note = self._button("View run").first
        note.dispatch_event("click")  # not by the mouse: the note slides in twice, one over the other
        self.page.locator(".page-heading-flow-run").wait_for()
        badge = self.page.locator(".state-badge").filter(has_text=ENDED).first
        badge.wait_for(timeout=LONGEST_MS)
        note.wait_for(state="detached")  # before another one comes
        return badge.inner_text()

    def see_run(self, name: str) -> None:
        """Stay at the list of runs until one of a name like this is in it."""
        self._open("/runs")
        self.page.locator(RUN).filter(has_text=re.compile(name)).first.wait_for()

    def artifacts(self) -> list[str]:
        """What the run on whose page we are has made, a name each."""
        self.page.get_by_text("Artifacts", exact=True).click()
        self.page.locator(ARTIFACT).first.wait_for()
        return [text.splitlines()[1] for text in self.page.locator(ARTIFACT).all_inner_texts()]

    def read_artifact(self, name: str) -> Shown:
        """Open one of them, and come back to the page of the run."""
        self.artifacts()
        self.page.locator(ARTIFACT).filter(has=self.page.get_by_text(name, exact=True)).click()
        self.page.get_by_text("Task Run", exact=True).first.wait_for()
        self._settle()
        shown = Shown(self.page.inner_text("body"), dict(self.page.evaluate(CHARTS)))
        self.page.go_back()
        return shown

    def _open(self, path: str) -> None:
        self.page.locator(f"a[href='{path}']").first.click()
        self.page.locator(f".page-heading-{path[1:]}").wait_for()  # the page before it stays until then

    def _deployment(self, name: str) -> Locator:
        return self.page.locator(DEPLOYMENT).filter(has_text=re.compile(rf"^\s*{name}\s*$"))

    def _button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def _settle(self) -> None:
        """Until everything that the page asked for has come."""
        self.page.wait_for_load_state("networkidle")
