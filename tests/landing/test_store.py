"""The landing keeps whole bytes or nothing, on any file system, and says what it was refused."""

import errno
import os
import re
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from activation_sync.errors import GraphBusyError, LandingError
from activation_sync.landing.store import LandedFile, Landing

CHUNKS = (b"Report Refresh Date,", b"Product Type\r\n")
BYTES = b"".join(CHUNKS)
DIGEST = sha256(BYTES).hexdigest()
PATH = f"contoso/user-counts/{DIGEST}.csv"
NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


@pytest.fixture(params=["local", "file", "s3"])
def url(request, tmp_path):
    """A landing in a folder and in an object store."""
    if request.param == "s3":
        return request.getfixturevalue("bucket_url")
    return {"local": f"{tmp_path}/landing", "file": f"file://{tmp_path}/landing"}[request.param]


def looking_into(url):
    """What another program would see there now."""
    fs, root = fsspec.core.url_to_fs(url, use_listings_cache=False)
    return fs, root


def files(url):
    fs, root = looking_into(url)
    return [path.removeprefix(f"{root}/") for path in fs.find(root)]


def broken_download():
    yield CHUNKS[0]
    raise GraphBusyError("the download broke off after 20 bytes")


def test_bytes_land_under_their_hash_and_come_back_as_they_were(url):
    landing = Landing(url)
    assert not landing.holds(PATH)
    assert landing.land("contoso", "user-counts", CHUNKS, "csv") == LandedFile(PATH, DIGEST, len(BYTES))
    assert landing.holds(PATH)
    with landing.open(PATH) as stream:
        assert stream.read() == BYTES
    assert files(url) == [PATH]


def test_the_same_bytes_again_are_the_same_file_left_alone(url):
    landing = Landing(url)
    landed = landing.land("contoso", "user-counts", CHUNKS, "csv")
    fs, root = looking_into(url)
    written_at = fs.modified(f"{root}/{PATH}")
    assert landing.land("contoso", "user-counts", [BYTES], "csv") == landed
    assert fs.modified(f"{root}/{PATH}") == written_at
    assert files(url) == [PATH]


def test_another_run_may_land_the_same_bytes_meanwhile(url):
    def chunks():
        yield CHUNKS[0]
        Landing(url).land("contoso", "user-counts", CHUNKS, "csv")
        yield CHUNKS[1]

    landing = Landing(url)
    assert landing.land("contoso", "user-counts", chunks(), "csv").path == PATH
    with landing.open(PATH) as stream:
        assert stream.read() == BYTES


def test_a_damaged_file_is_replaced_by_whole_bytes(url):
    landing = Landing(url)
    landing.land("contoso", "user-counts", CHUNKS, "csv")
    fs, root = looking_into(url)
    fs.pipe_file(f"{root}/{PATH}", BYTES[:10])
    landing.land("contoso", "user-counts", CHUNKS, "csv")
    with landing.open(PATH) as stream:
        assert stream.read() == BYTES


def test_a_download_that_breaks_leaves_nothing_behind(url):
    landing = Landing(url)
    with pytest.raises(GraphBusyError):
        landing.land("contoso", "user-counts", broken_download(), "csv")
    assert files(url) == []
    assert not landing.holds(PATH)


def test_a_missing_file_is_named_with_the_remedy(url):
    with (
        pytest.raises(LandingError, match=rf"{PATH} is missing from {url}; put the file back"),
        Landing(url).open(PATH),
    ):
        pass


@pytest.mark.parametrize("name", ["../fabrikam", "a/b", ".hidden", "", "with space"])
def test_a_name_that_is_more_than_a_name_is_refused(url, name):
    with pytest.raises(LandingError, match="cannot name a folder"):
        Landing(url).land(name, "user-counts", CHUNKS, "csv")


def test_a_path_that_leads_out_of_the_landing_is_refused(url):
    with pytest.raises(LandingError, match="leads out of"), Landing(url).open("contoso/../../passwords"):
        pass


def test_what_killed_runs_left_is_dropped_after_a_day_and_not_before(tmp_path):
    landing = Landing(str(tmp_path), clock=lambda: NOW)
    for name, age in (("old", timedelta(hours=25)), ("young", timedelta(hours=23))):
        path = tmp_path / ".incoming" / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
        os.utime(path, ((NOW - age).timestamp(),) * 2)
    landing.land("contoso", "user-counts", CHUNKS, "csv")
    assert [path.name for path in (tmp_path / ".incoming").iterdir()] == ["young"]


def test_local_files_and_folders_are_their_owners_only(tmp_path):
    root = tmp_path / "landing"
    Landing(str(root)).land("contoso", "user-detail", CHUNKS, "csv")
    made = [root, *root.rglob("*")]
    assert {stat.S_IMODE(path.stat().st_mode) for path in made if path.is_dir()} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in made if path.is_file()} == {0o600}


FILL = """
import resource, sys
from activation_sync.errors import LandingError
from activation_sync.landing.store import Landing

resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
try:
    Landing(sys.argv[1]).land("contoso", "user-detail", (b"x" * 10_000 for _ in range(100)), "csv")
except LandingError as refusal:
    print(refusal)
"""


def test_a_disk_that_takes_no_more_is_named_and_nothing_is_left(tmp_path):
    """The operating system refuses the write for real; a limit on file sizes needs no rights and no full disk."""
    ran = subprocess.run(  # noqa: S603  our own script
        [sys.executable, "-c", FILL, str(tmp_path / "landing")],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert f"the landing {tmp_path}/landing refuses a file of this size; raise the limit" in ran.stdout
    assert [path for path in (tmp_path / "landing").rglob("*") if path.is_file()] == []


class RefusingFileSystem(MemoryFileSystem):
    """Refuses to be written, for the reason that is its host's name: refusing://ENOSPC/landing."""

    protocol = "refusing"

    def _open(self, path, mode="rb", **options):
        if "w" in mode:
            number = getattr(errno, path.removeprefix("refusing://").partition("/")[0])
            raise OSError(number, os.strerror(number))
        return super()._open(path, mode, **options)


@pytest.mark.parametrize(
    ("reason", "remedy"),
    [
        ("ENOSPC", "is full; free space there"),
        ("EDQUOT", "is over its quota; free space"),
        ("EACCES", "may not be used by this account; grant it"),
        ("EROFS", "is on a read-only file system; point the landing"),
        ("EIO", "cannot be used (Input/output error); check the landing's URL"),
    ],
)
def test_each_refusal_names_the_folder_and_the_remedy(reason, remedy):
    fsspec.register_implementation("refusing", RefusingFileSystem, clobber=True)
    url = f"refusing://{reason}/landing"
    with pytest.raises(LandingError, match=re.escape(f"the landing {url} {remedy}")):
        Landing(url).land("contoso", "user-counts", CHUNKS, "csv")


def test_a_landing_that_is_a_file_is_named(tmp_path):
    (tmp_path / "landing").touch()
    with pytest.raises(LandingError, match=r"landing cannot be used \(.+\); check the landing's URL"):
        Landing(f"{tmp_path}/landing").land("contoso", "user-counts", CHUNKS, "csv")


def test_a_file_system_nobody_knows_is_refused(tmp_path):
    with pytest.raises(LandingError, match="of a kind that cannot be opened here"):
        Landing("nowhere://landing")


def test_dropped_bytes_are_gone_and_dropping_them_again_is_no_fault(url):
    landing = Landing(url)
    landing.land("contoso", "user-counts", CHUNKS, "csv")
    for _ in range(2):
        landing.drop(PATH)
    assert not landing.holds(PATH)


def test_files_are_listed_by_tenant(url):
    landing = Landing(url)
    assert landing.files("contoso") == []
    landing.land("contoso", "user-counts", CHUNKS, "csv")
    landing.land("contoso-2", "user-counts", CHUNKS, "csv")
    assert landing.files("contoso") == [PATH]


def test_a_file_has_an_age_and_a_missing_one_has_none(url):
    landing = Landing(url)
    landing.land("contoso", "user-counts", CHUNKS, "csv")
    assert landing.was_written_before(PATH, datetime.now(UTC) + timedelta(minutes=1))
    assert not landing.was_written_before(PATH, datetime.now(UTC) - timedelta(minutes=1))
    landing.drop(PATH)
    assert not landing.was_written_before(PATH, datetime.now(UTC) + timedelta(minutes=1))


def test_the_digest_is_of_the_bytes_that_are_there_now(url):
    landing = Landing(url)
    landing.land("contoso", "user-counts", CHUNKS, "csv")
    assert landing.digest(PATH) == DIGEST
    fs, root = looking_into(url)
    fs.pipe_file(f"{root}/{PATH}", b"damaged")
    assert landing.digest(PATH) == sha256(b"damaged").hexdigest()


def test_a_landing_is_proved_usable_and_nothing_of_the_proof_stays(url):
    Landing(url).prove_usable()
    assert files(url) == []


def test_the_proof_says_what_a_night_would_be_told(tmp_path):
    (tmp_path / "landing").touch()
    with pytest.raises(LandingError, match="check the landing's URL"):
        Landing(f"{tmp_path}/landing").prove_usable()
