"""The rooms of the project keep their doors: who imports whom, who reads the environment, what is never written down.

The map is in README.md. A test that fails here asks for another way in, rarely for another line in these tables.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

GROUND = {"activation_sync.errors", "activation_sync.core"}
CLOCK = "activation_sync.clock"
CORE = GROUND | {f"activation_sync.core.{room}" for room in ("reports", "rule", "runs", "pages")}
DATABASE, LEDGER, DELIVERY, REPORTS, COUNTS, RUNS, REBUILDING = (
    f"activation_sync.warehouse.{room}"
    for room in ("database", "ledger", "delivery", "reports", "counts", "runs", "rebuilding")
)
WAREHOUSE = {DATABASE, LEDGER, DELIVERY, REPORTS, COUNTS, RUNS, REBUILDING}
ADAPTERS = {CLOCK, "activation_sync.graph", "activation_sync.landing", *WAREHOUSE}
EMULATOR = [f"activation_sync.emulator.{room}" for room in ("http", "tenant", "faults", "service")]
STEPS = {"tasks", "tasks.steps"}
TASKS = STEPS | {"tasks.acts", "tasks.backfill", "tasks.nights"}
MAY_IMPORT: dict[str, set[str]] = {  # of our own rooms, from the ground up; each may always import itself
    "activation_sync.errors": set(),
    CLOCK: set(),
    "activation_sync.core": {"activation_sync.errors"},
    "activation_sync.core.reports": GROUND,
    "activation_sync.core.rule": GROUND,
    "activation_sync.core.runs": {*GROUND, "activation_sync.core.rule"},
    "activation_sync.core.pages": CORE,
    "config": {"activation_sync.errors"},
    "activation_sync.graph": {*CORE, CLOCK},
    "activation_sync.landing": {*CORE, CLOCK},
    DATABASE: {*CORE, CLOCK},
    LEDGER: {*CORE, DATABASE},
    DELIVERY: {*CORE, DATABASE, LEDGER},
    REPORTS: {*CORE, DATABASE, LEDGER, DELIVERY},
    COUNTS: {*CORE, DATABASE, LEDGER, DELIVERY, REPORTS},
    RUNS: {*CORE, DATABASE, LEDGER, DELIVERY, REPORTS},
    REBUILDING: {*CORE, DATABASE, LEDGER, DELIVERY, REPORTS},
    "activation_sync.warehouse.migrations": {DATABASE},
    "activation_sync.emulator": set(EMULATOR),
    **{room: {"activation_sync.emulator", *EMULATOR[:floor]} for floor, room in enumerate(EMULATOR)},
    "tasks": {"config", *ADAPTERS, *CORE},
    "tasks.steps": {"tasks", "config", *ADAPTERS, *CORE},
    "tasks.acts": {*STEPS, "tasks.backfill", "config", *ADAPTERS, *CORE},
    "tasks.backfill": {*STEPS, "config", *ADAPTERS, *CORE},
    "tasks.nights": {*STEPS, "config", *ADAPTERS, *CORE},
    "flows": {*TASKS, "config", *CORE},
    "commands.support": {"flows", *TASKS, "config", "activation_sync.emulator", *ADAPTERS, *CORE},
    "commands.report": {"commands.support", *TASKS, "config", *ADAPTERS, *CORE},
    "commands": {"commands.support", "commands.report", "flows", *TASKS, "config", *ADAPTERS, *CORE}
    | {"activation_sync.emulator", *EMULATOR},
}
NEVER_IMPORTS = {  # of other people's packages, and of the standard library
    "flows": {"httpx", "msal", "sqlalchemy"},
    "config": {"prefect", "httpx", "msal", "sqlalchemy"},
    "activation_sync.graph": {"prefect", "sqlalchemy", "alembic"},
    "activation_sync.landing": {"prefect", "httpx", "msal", "sqlalchemy"},
    "activation_sync.warehouse": {"prefect", "httpx", "msal"},
    "activation_sync.core": {"prefect", "httpx", "msal", "sqlalchemy", "os", "pathlib", "socket"},
    "activation_sync.errors": {"prefect", "httpx", "msal", "sqlalchemy"},
    "activation_sync.emulator": {"prefect", "msal", "sqlalchemy"},
}
ROOMS = sorted(MAY_IMPORT)
SHOWS = {"tasks/showing.py"}  # artifacts in the dashboard
HOLDS_PANDAS = {"activation_sync/core/rule/reconcile.py"}
READS_ENVIRONMENT = {  # beside config/: file and reason
    "commands/support/console.py": "sets what Prefect reads, before Prefect is imported",
    "commands/support/servers.py": "sets what Prefect reads, in the processes that it starts",
}
NEVER_WRITTEN = [  # in parts, so that this file may be searched too
    "pypi" + ".org",
    "python" + "hosted",
    "npm" + "js.",
    "index" + "-url",
    "find" + "-links",
    "trusted" + "-host",
]
NOT_OURS = {".git", ".venv", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", "__pycache__"}


def modules(*places: str) -> Iterator[Path]:
    """The Python files at or below these; at least one, or they have moved and this file must follow."""
    for name in places:
        place = ROOT / name.replace(".", "/")
        found = [place.with_suffix(".py")] if place.with_suffix(".py").is_file() else sorted(place.rglob("*.py"))
        assert found, f"{name} holds no module"
        yield from found


@cache
def room_of(name: str) -> str | None:
    """The room in which a module or a name of a module stands: of all rooms around it the smallest."""
    around = (room for room in ROOMS if is_within(name, {room}))
    return max(around, key=len, default=None)


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def in_room(room: str) -> Iterator[Path]:
    """The Python files of this room, without those of rooms within it."""
    return (path for path in modules(room) if room_of(module_name(path)) == room)


@cache
def doors_of(room: str) -> set[str]:
    """The modules outsiders may import, as the room's own docstring names them."""
    documentation = ast.get_docstring(ast.parse((ROOT / room.replace(".", "/") / "__init__.py").read_text())) or ""
    found = re.search(r"^Doors: ([a-z_,\s]+)[.;]", documentation, re.MULTILINE)
    assert found, f"{room}/__init__.py does not name its doors"
    return {f"{room}.{door}" for door in re.split(r",\s+", found[1])} - {f"{room}.none"}


def entered(room: str) -> Iterator[tuple[str, str]]:
    """Who outside of the room imports what of it: file and module."""
    for path in modules(*ROOMS):
        if room_of(module_name(path)) != room:
            names = (name for name in imported_by(path) if room_of(name) == room and name != room)
            yield from ((where(path), ".".join(name.split(".")[: room.count(".") + 2])) for name in names)


def where(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported(source: str, package: str) -> set[str]:
    """Every module that code in `package` imports, wherever in the code, by its absolute name."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            names |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return names


@cache
def imported_by(path: Path) -> set[str]:
    return imported(path.read_text(encoding="utf-8"), ".".join(path.parent.relative_to(ROOT).parts))


def is_module(name: str) -> bool:
    return (ROOT / name.replace(".", "/")).with_suffix(".py").is_file()


def is_within(name: str, rooms: set[str]) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def reads_environment(source: str) -> bool:
    """True for any use of os.environ or os.getenv, under any import."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            names.add(node.attr)
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            names |= {alias.name for alias in node.names}
    return bool(names & {"environ", "environb", "getenv"})


def written() -> Iterator[Path]:
    """Every text file of the project, whatever its kind."""
    for path in sorted(ROOT.rglob("*")):
        if path.is_file() and not NOT_OURS.intersection(path.relative_to(ROOT).parts):
            yield path


def test_imports_are_found_in_every_form() -> None:
    source = "import a.b as c\ndef late():\n    from ..graph import wire\n    from . import plan\nfrom d import e\n"
    assert imported(source, "activation_sync.core") == {
        "a.b",
        "activation_sync.graph",
        "activation_sync.graph.wire",
        "activation_sync.core",
        "activation_sync.core.plan",
        "d",
        "d.e",
    }


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_the_rooms_below_it(room: str) -> None:
    above = set(ROOMS) - MAY_IMPORT[room] - {room}
    wrong = {where(path): sorted(n for n in imported_by(path) if room_of(n) in above) for path in in_room(room)}
    assert {path: names for path, names in wrong.items() if names} == {}


@pytest.mark.parametrize("room", sorted(set(ROOMS) - {"activation_sync.errors", CLOCK}))
def test_a_room_is_entered_by_its_doors(room: str) -> None:
    """And a door that nobody uses is none."""
    used = dict.fromkeys((module for _, module in entered(room)))
    by_window = sorted(
        (path, module) for path, module in entered(room) if module not in doors_of(room) and is_module(module)
    )
    assert by_window == []
    assert doors_of(room) - set(used) == set()


@pytest.mark.parametrize("room", NEVER_IMPORTS)
def test_a_room_stays_free_of_what_belongs_to_another(room: str) -> None:
    wrong = {
        where(path): sorted(n for n in imported_by(path) if is_within(n, NEVER_IMPORTS[room])) for path in modules(room)
    }
    assert {path: names for path, names in wrong.items() if names} == {}


def test_only_reconcile_holds_pandas() -> None:
    holders = {
        where(path)
        for path in modules(*ROOMS)
        if any(is_within(name, {"pandas", "numpy"}) for name in imported_by(path))
    }
    assert holders <= HOLDS_PANDAS


def test_only_one_door_leads_to_the_dashboards_pages() -> None:
    showing = {where(path) for path in modules(*ROOMS) if any("artifact" in name for name in imported_by(path))}
    assert showing == SHOWS


def test_a_use_of_the_environment_is_found_in_every_form() -> None:
    assert reads_environment("import os\nos.environ['A']")
    assert reads_environment("import os as o\ndef late(): return o.getenv('A')")
    assert reads_environment("from os import environ as e")
    assert not reads_environment("import os\nos.getpid()")


def test_only_config_reads_the_environment() -> None:
    readers = {where(path) for path in modules(*ROOMS) if reads_environment(path.read_text(encoding="utf-8"))}
    others = {reader for reader in readers if not reader.startswith("config/")}
    assert others == set(READS_ENVIRONMENT)


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        where(path)
        for path in modules(*ROOMS)
        if (code := path.read_text(encoding="utf-8")).strip() and not ast.get_docstring(ast.parse(code))
    ]
    assert silent == []


def test_no_package_registry_is_named() -> None:
    """Where packages come from is the business of the machine that installs them."""
    named = [
        f"{where(path)}: {name}"
        for path in written()
        for name in NEVER_WRITTEN
        if name.encode() in path.read_bytes().lower()
    ]
    assert named == []


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_everything_locked_has_one_version_and_a_hash(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", "")
    requirements = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert len(requirements) > 80
    assert [entry for entry in requirements if "==" not in entry or "--hash=sha256:" not in entry] == []
