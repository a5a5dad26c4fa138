"""The landing: bytes of reports as Graph sent them, one file each, named by their hash.

A name that exists always holds whole bytes, whatever was killed meanwhile.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from io import BufferedReader, RawIOBase
from typing import TYPE_CHECKING, BinaryIO, cast
from uuid import uuid4

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from activation_sync.clock import utc_now
from activation_sync.errors import LandingError
from activation_sync.landing.arrivals import CHUNK_BYTES, INCOMING, PART_BYTES, Arrival, FileArrival, UploadArrival
from activation_sync.landing.refusals import naming_refusals

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class LandedFile:
    """Where the bytes are. path: relative to the landing, so that the whole landing may be moved."""

    path: str
    sha256: str
    size_bytes: int


class _NamedStream(RawIOBase):
    """Reads on; an object store may refuse at any moment."""

    def __init__(self, stream: BinaryIO, url: str) -> None:
        self._stream, self._url = stream, url

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        with naming_refusals(self._url), memoryview(buffer) as room:
            read = self._stream.read(len(room))
            room[: len(read)] = read
            return len(read)

    def close(self) -> None:
        self._stream.close()
        super().close()


class Landing:
    """Landed reports in a folder of this machine, or in an object store that fsspec knows (S3, Azure Blob).

    Local files are readable by their owner only, because user detail holds personal data. An object store has its own
    rules for that, and its credentials come from where its library looks for them: the environment, as a rule.
    Every method raises LandingBusyError for what passes, and LandingError for what a person must fix.
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
        with naming_refusals(self._url):
            arrival = self._begin()
        try:
            digest, size_bytes = self._receive(arrival, chunks)
            landed = LandedFile(f"{folder}/{digest}.{_plain(suffix)}", digest, size_bytes)
            with naming_refusals(self._url):
                if self._size_of(landed.path) != size_bytes:  # not there, or damaged
                    arrival.keep(landed.path)
        finally:
            arrival.end()
        return landed

    @contextmanager
    def open(self, path: str) -> Iterator[BinaryIO]:
        """The bytes of a landed report, by the `path` it was landed under."""
        with naming_refusals(self._url):
            stream = self._open_landed(path)
        with BufferedReader(_NamedStream(stream, self._url), CHUNK_BYTES) as named:
            yield named

    def holds(self, path: str) -> bool:
        """True when these bytes have landed."""
        with naming_refusals(self._url):
            return self._size_of(path) is not None

    def drop(self, path: str) -> None:
        """Remove the bytes of a landed report; nothing when they are gone already."""
        with naming_refusals(self._url), suppress(FileNotFoundError):
            self._fs.rm_file(self._at(path))

    def files(self, tenant: str) -> list[str]:
        """The paths of all files of a tenant."""
        with naming_refusals(self._url):
            found = self._fs.find(self._at(_plain(tenant)))
        return [path.removeprefix(f"{self._root}/") for path in found]

    def names(self, folder: str) -> list[str]:
        """What lies in a folder, in the order of the names; empty when there is none."""
        with naming_refusals(self._url), suppress(FileNotFoundError):
            found = self._fs.ls(self._at(folder), detail=False)
            return sorted(path.rstrip("/").rpartition("/")[2] for path in found)
        return []

    def keep(self, path: str, content: bytes) -> None:
        """Put a few bytes at a path, whole or not at all."""
        self._at(path)  # refuses one that leads out
        with naming_refusals(self._url):
            arrival = self._begin()
            try:
                arrival.write(content)
                arrival.keep(path)
            finally:
                arrival.end()

    def was_written_before(self, path: str, moment: datetime) -> bool:
        """True when the file is older than that; False when it is gone."""
        with naming_refusals(self._url), suppress(FileNotFoundError):
            return bool(self._fs.modified(self._at(path)) < moment)
        return False

    def prove_usable(self) -> None:
        """Write, read and drop a few bytes; raises what a run would meet."""
        path = f"{INCOMING}/{uuid4().hex}-probe"
        self.keep(path, b"probe")
        with naming_refusals(self._url):
            self._fs.cat_file(self._at(path))
            self._fs.rm_file(self._at(path))

    def digest(self, path: str) -> str:
        """The sha256 of the bytes that are there now; LandingError when none are."""
        digest = sha256()
        with self.open(path) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                digest.update(chunk)
        return digest.hexdigest()

    def examine(self, path: str) -> tuple[LandedFile, datetime]:
        """The bytes that lie there now, read from the first to the last, and when they were written."""
        digest = self.digest(path)
        with naming_refusals(self._url):
            return LandedFile(path, digest, self._size_of(path) or 0), self._fs.modified(self._at(path))

    def _begin(self) -> Arrival:
        if isinstance(self._fs, LocalFileSystem):
            return FileArrival(self._fs, self._root, self._clock)
        return UploadArrival(self._fs, self._root)

    def _receive(self, arrival: Arrival, chunks: Iterable[bytes]) -> tuple[str, int]:
        digest, size_bytes = sha256(), 0
        for chunk in chunks:  # whose own errors are none of the landing's: a broken download is not a full disk
            digest.update(chunk)
            size_bytes += len(chunk)
            with naming_refusals(self._url):
                arrival.write(chunk)
        return digest.hexdigest(), size_bytes

    def _size_of(self, path: str) -> int | None:
        """In bytes; None when there is no such file."""
        try:
            found = self._fs.info(self._at(path))
        except FileNotFoundError:
            return None
        return int(found["size"]) if found["type"] == "file" else None

    def _open_landed(self, path: str) -> BinaryIO:
        try:
            return cast(BinaryIO, self._fs.open(self._at(path), "rb", block_size=PART_BYTES))
        except FileNotFoundError:
            raise LandingError(
                f"the landed report {path} is missing from {self._url}; put the file back, "
                "or let the next sync land the report again"
            ) from None

    def _at(self, path: str) -> str:
        if ".." in path.split("/"):
            raise LandingError(f"{path!r} is not the path of a landed report: it leads out of {self._url}")
        return f"{self._root}/{path}"


def _file_system(url: str) -> tuple[AbstractFileSystem, str]:
    try:
        fs, root = url_to_fs(url, use_listings_cache=False)  # a listing may be changed by other processes
    except (ValueError, ImportError) as error:
        raise LandingError(
            f"the landing's URL is of a kind that cannot be opened here: {error}; "
            'S3 needs `pip install -e ".[s3]"`, Azure Blob `pip install -e ".[azure]"`'
        ) from None
    return fs, root.rstrip("/")


def _plain(name: str) -> str:
    """A name that is one step of a path and nothing else."""
    if not PLAIN_NAME.fullmatch(name):
        raise LandingError(f"{name!r} cannot name a folder of the landing; use letters, digits, '.', '_' and '-'")
    return name
