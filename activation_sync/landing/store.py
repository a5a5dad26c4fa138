"""The landing: bytes of reports as Graph sent them, one file each, named by their hash.

A file is written under a temporary name and moved when whole, so a name that exists always holds whole bytes,
whatever was killed meanwhile.
"""

import errno
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, cast
from uuid import uuid4

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from activation_sync.errors import LandingError

INCOMING = ".incoming"
LEFT_OVER_AFTER = timedelta(days=1)
CHUNK_BYTES = 1 << 20
PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

REMEDIES = {
    errno.ENOSPC: "is full; free space there, or point the landing at a larger disk",
    errno.EDQUOT: "is over its quota; free space there, or raise the quota",
    errno.EFBIG: "refuses a file of this size; raise the limit on file sizes, or point the landing elsewhere",
    errno.EACCES: "may not be written by this account; grant it read and write there",
    errno.EPERM: "may not be written by this account; grant it read and write there",
    errno.EROFS: "is on a read-only file system; point the landing at one that can be written",
}


@dataclass(frozen=True, slots=True)
class LandedFile:
    """Where the bytes are. path: relative to the landing, so that the whole landing may be moved."""

    path: str
    sha256: str
    size_bytes: int


def utc_now() -> datetime:
    return datetime.now(UTC)


class Landing:
    """A folder of landed reports on any file system fsspec knows; a local folder by default.

    Local files are readable by their owner only, because user detail holds personal data.
    """

    def __init__(self, url: str, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._url = url
        self._clock = clock
        self._fs, self._root = _file_system(url)

    def land(self, tenant: str, report: str, chunks: Iterable[bytes], suffix: str) -> LandedFile:
        """Keep the bytes of one report; the same bytes again change nothing.

        suffix: "csv" or "json". What `chunks` raises passes through, and nothing is left behind.
        """
        folder = "/".join(_plain(name) for name in (tenant, report))
        temporary = f"{INCOMING}/{uuid4().hex}"
        with self._refusals():
            self._make_folders(INCOMING, tenant, folder)
            self._drop_left_overs()
        try:
            digest, size_bytes = self._write(temporary, chunks)
            landed = LandedFile(f"{folder}/{digest}.{_plain(suffix)}", digest, size_bytes)
            with self._refusals():
                self._keep(temporary, landed)
        except BaseException:
            self._drop(temporary)
            raise
        return landed

    @contextmanager
    def open(self, path: str) -> Iterator[BinaryIO]:
        """The bytes of a landed report, by the `path` it was landed under."""
        with self._refusals():
            stream = self._open_landed(path)
        with stream:
            yield stream

    def holds(self, path: str) -> bool:
        """True when these bytes have landed."""
        with self._refusals():
            return bool(self._fs.isfile(self._at(path)))

    def drop(self, path: str) -> None:
        """Remove the bytes of a landed report; nothing when they are gone already."""
        with self._refusals(), suppress(FileNotFoundError):
            self._fs.rm_file(self._at(path))

    def files_before(self, tenant: str, moment: datetime) -> list[str]:
        """The paths of a tenant's files that were written before a moment."""
        with self._refusals():
            found = self._fs.find(self._at(_plain(tenant)))
            return [path.removeprefix(f"{self._root}/") for path in found if self._fs.modified(path) < moment]

    def digest(self, path: str) -> str:
        """The sha256 of the bytes that are there now; LandingError when none are."""
        digest = sha256()
        with self.open(path) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                digest.update(chunk)
        return digest.hexdigest()

    def _write(self, temporary: str, chunks: Iterable[bytes]) -> tuple[str, int]:
        digest, size_bytes = sha256(), 0
        with self._refusals():
            stream = self._open_private(temporary)
        try:
            for chunk in chunks:  # outside of `_refusals`: a broken download is not a full disk
                digest.update(chunk)
                size_bytes += len(chunk)
                with self._refusals():
                    stream.write(chunk)
        finally:
            with self._refusals():
                stream.close()
        return digest.hexdigest(), size_bytes

    def _keep(self, temporary: str, landed: LandedFile) -> None:
        """Move whole bytes to their name; a file of that name but another size is damaged, and replaced."""
        at = self._at(landed.path)
        if self._fs.isfile(at) and self._fs.size(at) == landed.size_bytes:
            self._drop(temporary)
            return
        if self._is_local:
            _flush_to_disk(self._at(temporary))
        self._fs.mv(self._at(temporary), at)

    def _open_landed(self, path: str) -> BinaryIO:
        try:
            return cast(BinaryIO, self._fs.open(self._at(path), "rb"))
        except FileNotFoundError:
            raise LandingError(
                f"the landed report {path} is missing from {self._url}; put the file back, "
                "or let the next sync land the report again"
            ) from None

    def _open_private(self, path: str) -> BinaryIO:
        stream = self._fs.open(self._at(path), "wb")
        if self._is_local:
            Path(self._at(path)).chmod(0o600)
        return cast(BinaryIO, stream)

    def _make_folders(self, *folders: str) -> None:
        for folder in folders:
            if self._is_local:
                Path(self._root).mkdir(mode=0o700, parents=True, exist_ok=True)
                Path(self._at(folder)).mkdir(mode=0o700, exist_ok=True)
            else:
                self._fs.makedirs(self._at(folder), exist_ok=True)

    def _drop_left_overs(self) -> None:
        """Temporaries of runs that were killed; another run may be dropping the same ones."""
        for path in self._fs.ls(self._at(INCOMING), detail=False):
            with suppress(FileNotFoundError):
                if self._clock() - self._fs.modified(path) > LEFT_OVER_AFTER:
                    self._fs.rm_file(path)

    def _drop(self, path: str) -> None:
        with suppress(OSError):  # the reason for dropping it says more; what stays is a left-over
            self._fs.rm_file(self._at(path))

    def _at(self, path: str) -> str:
        if ".." in path.split("/"):
            raise LandingError(f"{path!r} is not the path of a landed report: it leads out of {self._url}")
        return f"{self._root}/{path}"

    @property
    def _is_local(self) -> bool:
        return isinstance(self._fs, LocalFileSystem)

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """What the file system refuses, in words that name the folder and the remedy."""
        try:
            yield
        except OSError as error:
            remedy = REMEDIES.get(error.errno or 0, f"cannot be used ({error.strerror}); check the landing's URL")
            raise LandingError(f"the landing {self._url} {remedy}") from error


def _file_system(url: str) -> tuple[AbstractFileSystem, str]:
    try:
        fs, root = url_to_fs(url)
    except (ValueError, ImportError) as error:
        raise LandingError(f"the landing's URL is of a kind that cannot be opened here: {error}") from None
    return fs, root.rstrip("/")


def _plain(name: str) -> str:
    """A name that is one step of a path and nothing else."""
    if not PLAIN_NAME.fullmatch(name):
        raise LandingError(f"{name!r} cannot name a folder of the landing; use letters, digits, '.', '_' and '-'")
    return name


def _flush_to_disk(path: str) -> None:
    """The manifest will say these bytes are here; a power cut must not make it wrong."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
