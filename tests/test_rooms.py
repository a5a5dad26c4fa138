"""The rooms of the project keep their doors: who imports whom, who reads the environment, what is never written down.

The map is in README.md. A test that fails here asks for another way in, rarely for another line in these tables.
"""

import ast
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.version import Version

ROOT = Path(__file__).parents[1]

CORE = {"activation_sync.core", "activation_sync.errors"}
ADAPTERS = {"activation_sync.graph", "activation_sync.landing", "activation_sync.warehouse"}
MAY_IMPORT: dict[str, set[str]] = {  # of our own rooms; each may always import itself
    "commands": {"flows", "tasks", "config", "activation_sync.emulator", *ADAPTERS, *CORE},
    "flows": {"tasks", "config", *CORE},
    "tasks": {"config", *ADAPTERS, *CORE},
    "config": {"activation_sync.errors"},
    "activation_sync.graph": CORE,
    "activation_sync.landing": CORE,
    "activation_sync.warehouse": CORE,
    "activation_sync.core": {"activation_sync.errors"},
    "activation_sync.errors": set(),
    "activation_sync.emulator": set(),
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
HOLDS_PANDAS = {"activation_sync/core/reconcile.py"}
READS_ENVIRONMENT = {  # beside config/: file and reason
    "commands/console.py": "sets what Prefect reads, before Prefect is imported",
    "commands/servers.py": "sets what Prefect reads, in the processes that it starts",
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


def modules(*rooms: str) -> Iterator[Path]:
    """The Python files of these rooms; at least one, or the rooms have moved and this file must follow."""
    for room in rooms:
        place = ROOT / room.replace(".", "/")
        found = [place.with_suffix(".py")] if place.with_suffix(".py").is_file() else sorted(place.rglob("*.py"))
        assert found, f"{room} holds no module"
        yield from found


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


def imported_by(path: Path) -> set[str]:
    return imported(path.read_text(encoding="utf-8"), ".".join(path.parent.relative_to(ROOT).parts))


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
    allowed = MAY_IMPORT[room] | {room}
    ours = set(ROOMS) - allowed
    wrong = {where(path): sorted(n for n in imported_by(path) if is_within(n, ours)) for path in modules(room)}
    assert {path: names for path, names in wrong.items() if names} == {}


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


def test_prefect_keeps_the_company_it_works_with() -> None:
    """Before 3.9 its server breaks with newer fastapi; with SQLAlchemy 2.1 it schedules no runs and says nothing."""
    if Version(version("prefect")) < Version("3.9"):
        assert Version(version("fastapi")) < Version("0.151")
        assert Version(version("sqlalchemy")) < Version("2.1")


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
