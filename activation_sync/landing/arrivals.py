"""Bytes on their way into the landing: nobody sees them under a report's name before they are whole."""

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import SpooledTemporaryFile, gettempdir
from typing import Protocol
from uuid import uuid4

from fsspec import AbstractFileSystem

from activation_sync.errors import LandingError

INCOMING = ".incoming"
LEFT_OVER_AFTER = timedelta(days=1)
CHUNK_BYTES = 1 << 20
PART_BYTES = 8 << 20  # of an upload; S3 takes 10,000 parts, so 80 GB


class Arrival(Protocol):
    """The bytes of one report, from the first to the last."""

    def write(self, chunk: bytes) -> None:
        """Take in what comes next."""
        ...

    def keep(self, path: str) -> None:
        """Put the whole bytes at their place; whoever is killed meanwhile leaves that name as it was."""
        ...

    def end(self) -> None:
        """Clear up, whether they were kept or not."""
        ...


class FileArrival:
    """Into a folder of this machine: a file beside the others, renamed when it is whole, and its owner's only.

    A killed run leaves it there; a day later the next arrival drops it.
    """

    def __init__(self, fs: AbstractFileSystem, root: str, clock: Callable[[], datetime]) -> None:
        self._fs, self._root = fs, Path(root)
        incoming = self._root / INCOMING
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        incoming.mkdir(mode=0o700, exist_ok=True)
        _drop_left_overs(incoming, clock() - LEFT_OVER_AFTER)
        self._temporary = incoming / uuid4().hex
        self._stream = fs.open(str(self._temporary), "wb")
        self._temporary.chmod(0o600)

    def write(self, chunk: bytes) -> None:
        self._stream.write(chunk)

    def keep(self, path: str) -> None:
        self._stream.close()
        _flush_to_disk(self._temporary)
        for folder in reversed(Path(path).parents[:-1]):
            (self._root / folder).mkdir(mode=0o700, exist_ok=True)
        self._fs.mv(str(self._temporary), str(self._root / path))

    def end(self) -> None:
        for clear in (self._stream.close, self._temporary.unlink):
            with suppress(OSError):  # the reason for ending says more; what stays is a left-over
                clear()


class UploadArrival:
    """Into an object store, which shows an upload once it is complete, and never before.

    Renaming there is copying, and an upload needs its name, so the hash, before it begins: until then the bytes wait in
    memory or, beyond `PART_BYTES`, in a file without a name, which is gone with the process.
    """

    def __init__(self, fs: AbstractFileSystem, root: str) -> None:
        self._fs, self._root = fs, root
        self._waiting = SpooledTemporaryFile(max_size=PART_BYTES)  # noqa: SIM115  closed by `end`

    def write(self, chunk: bytes) -> None:
        try:
            self._waiting.write(chunk)
        except OSError as error:
            raise LandingError(
                f"the folder of temporary files, {gettempdir()}, takes no more of this report ({error.strerror}); "
                "free space there, or set TMPDIR to a larger disk"
            ) from error

    def keep(self, path: str) -> None:
        self._waiting.seek(0)
        upload = self._fs.open(f"{self._root}/{path}", "wb", block_size=PART_BYTES)
        try:
            shutil.copyfileobj(self._waiting, upload, CHUNK_BYTES)
            upload.close()
        except BaseException:
            with suppress(Exception):  # the reason for giving up says more; parts that stay are no object
                upload.discard()
            upload.closed = True  # or the garbage collector would complete it, with what got through
            raise

    def end(self) -> None:
        self._waiting.close()


def _drop_left_overs(folder: Path, before: datetime) -> None:
    """Of runs that were killed; another run may be dropping the same ones."""
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            if datetime.fromtimestamp(path.stat().st_mtime, UTC) < before:
                path.unlink()


def _flush_to_disk(path: Path) -> None:
    """The manifest will say these bytes are here; a power cut must not make it wrong."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
