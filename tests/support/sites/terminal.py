"""A terminal for tests: types a command as a person would, in a process of its own, and reads both streams."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.sources import FILE_VARIABLE

ROOT = Path(__file__).parents[3]
PROGRAM = (sys.executable, "-c", "from commands.main import main; main()")
LONGEST_S = 120


@dataclass(frozen=True)
class Output:
    """What a command left behind. out and err are its two streams."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The whole of standard output as one JSON document."""
        return json.loads(self.out)

    @property
    def everything(self) -> str:
        """Both streams, with single spaces, so that it does not matter where a line was broken."""
        return " ".join(f"{self.out} {self.err}".split())


@dataclass
class Terminal:
    """Types in `folder`, with nothing of the test's own environment but the path.

    Whatever is typed, a traceback or one of `secrets` on the screen fails the test.
    """

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)
    secrets: Sequence[str] = ()

    def type(self, *words: str, before_start: Callable[[], None] | None = None, **variables: str) -> Output:
        """Run `activation-sync` with these words and wait for its end. before_start: runs in the new process first."""
        process = self.start(*words, before_start=before_start, **variables)
        try:
            out, err = process.communicate(timeout=LONGEST_S)
        finally:
            process.kill()
        said = Output(process.returncode, out, err)
        self.refuse_leaks(said)
        return said

    def start(
        self, *words: str, before_start: Callable[[], None] | None = None, **variables: str
    ) -> "subprocess.Popen[str]":
        """The same without waiting, in a process group of its own, as a shell would start it."""
        return subprocess.Popen(  # noqa: S603
            [*PROGRAM, *words],
            cwd=self.folder,
            env=self._environment() | self.variables | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=before_start,
        )

    def refuse_leaks(self, said: Output) -> None:
        assert "Traceback" not in said.everything, said.err
        for secret in self.secrets:
            assert secret not in said.everything

    def _environment(self) -> dict[str, str]:
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "HOME": str(home),
            "PREFECT_HOME": str(home / "prefect"),
            "COLUMNS": "80",
            FILE_VARIABLE: str(self.folder / "activation-sync.toml"),
        }
