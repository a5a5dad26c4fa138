"""The landing in an object store: whole objects or none, in bounded memory, and refusals that name the remedy."""

import gc
import json
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fsspec
import pytest
from fsspec.spec import AbstractBufferedFile, AbstractFileSystem
from s3fs import S3FileSystem

from activation_sync.errors import LandingBusyError, LandingError
from activation_sync.landing.store import Landing
from tests.support.servers.buckets import asking_for_rights, open_bucket, using_endpoint

CHUNKS = (b"Report Refresh Date,", b"Product Type\r\n")
MIB = 1 << 20
UPLOAD = """
import sys, tracemalloc
from activation_sync.landing.store import Landing

url, size_mib = sys.argv[1], int(sys.argv[2])
tracemalloc.start()
Landing(url).land("contoso", "user-detail", (bytes(1 << 20) for _ in range(size_mib)), "csv")
print(tracemalloc.get_traced_memory()[1])
"""


def uploading(url: str, size_mib: int, script: str = UPLOAD, **environment: str) -> "subprocess.Popen[str]":
    paths = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", script, url, str(size_mib)]
    return subprocess.Popen(  # noqa: S603  our own script
        command, env={**os.environ, **paths, **environment}, stdout=subprocess.PIPE, text=True
    )


def peak_mib(url: str, size_mib: int) -> float:
    words, _ = uploading(url, size_mib).communicate(timeout=120)
    return int(words) / MIB


def bucket_of(url: str) -> str:
    return url.split("/")[2]


def outsider() -> S3FileSystem:
    """Another program, as far as anything remembered is concerned."""
    return S3FileSystem(skip_instance_cache=True, use_listings_cache=False)


def test_a_report_of_many_parts_comes_back_as_it_was_and_needs_no_more_memory_than_a_small_one(bucket_url):
    small = peak_mib(bucket_url, 1)
    large = peak_mib(bucket_url, 120)

    [path] = [path for path in Landing(bucket_url).files("contoso") if outsider().size(at(bucket_url, path)) > MIB]
    assert outsider().size(at(bucket_url, path)) == 120 * MIB
    assert Landing(bucket_url).digest(path) in path
    assert large - small < 40  # some parts of 8 MiB


def at(url: str, path: str) -> str:
    return f"{url.removeprefix('s3://')}/{path}"


def test_an_upload_that_is_killed_leaves_no_object(bucket_url):
    with uploading(bucket_url, 400) as program:
        until = time.monotonic() + 60
        while not outsider().list_multipart_uploads(bucket_of(bucket_url)):
            assert time.monotonic() < until, "no upload began"
        program.send_signal(signal.SIGKILL)

    assert program.returncode == -signal.SIGKILL
    assert outsider().find(bucket_of(bucket_url)) == []


class BreakingFile(AbstractBufferedFile):
    """Breaks at the second part; as fsspec's own do, it would store what it has when it is closed after that."""

    parts = 0

    def _initiate_upload(self):
        pass

    def _upload_chunk(self, final=False):
        self.parts += 1
        if self.parts == 2:
            raise ConnectionResetError
        if final:
            BreakingFileSystem.stored.append(self.path)

    def discard(self):
        BreakingFileSystem.discarded.append(self.path)


class BreakingFileSystem(AbstractFileSystem):
    protocol = "breaking"
    stored: list[str] = []  # noqa: RUF012  what all its files ended as
    discarded: list[str] = []  # noqa: RUF012

    def info(self, path, **_):
        raise FileNotFoundError(path)

    def _open(self, path, mode="rb", **options):
        return BreakingFile(self, path, mode, **options)


def test_an_upload_that_breaks_is_given_up_and_never_completed():
    fsspec.register_implementation("breaking", BreakingFileSystem, clobber=True)

    with pytest.raises(LandingBusyError, match=r"out of reach or overloaded \(ConnectionResetError\)"):
        Landing("breaking://landing").land("contoso", "user-detail", (bytes(MIB) for _ in range(20)), "csv")

    gc.collect()  # which closes files that nobody refers to
    assert len(BreakingFileSystem.discarded) == 1
    assert BreakingFileSystem.stored == []


FULL = """
import resource
from activation_sync.errors import LandingError

resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
try:
    exec(UPLOAD)
except LandingError as refusal:
    print(refusal)
""".replace("UPLOAD", repr(UPLOAD))


def test_a_full_folder_of_temporary_files_is_named_as_that(bucket_url, tmp_path):
    words, _ = uploading(bucket_url, 20, FULL, TMPDIR=str(tmp_path)).communicate(timeout=60)

    assert f"temporary files, {tmp_path}, takes no more of this report (File too large); free space there" in words
    assert list(tmp_path.iterdir()) == []
    assert outsider().find(bucket_of(bucket_url)) == []


def test_threads_land_side_by_side(bucket_url):
    def land(number: int) -> str:
        return Landing(bucket_url).land(f"tenant-{number % 4}", "user-counts", [b"%d" % number], "csv").path

    with ThreadPoolExecutor(8) as threads:
        landed = list(threads.map(land, range(40)))

    found = [path for number in range(4) for path in Landing(bucket_url).files(f"tenant-{number}")]
    assert sorted(found) == sorted(landed)


def test_what_another_program_did_shows_at_once(bucket_url):
    landing = Landing(bucket_url)
    path = landing.land("contoso", "user-counts", CHUNKS, "csv").path
    assert landing.files("contoso") == [path]

    outsider().rm_file(at(bucket_url, path))
    assert (landing.files("contoso"), landing.holds(path)) == ([], False)
    outsider().pipe_file(at(bucket_url, path), b"damaged")
    assert (landing.files("contoso"), landing.holds(path)) == ([path], True)
    assert landing.land("contoso", "user-counts", CHUNKS, "csv").path == path
    assert outsider().cat_file(at(bucket_url, path)) == b"".join(CHUNKS)


def test_a_bucket_that_is_not_there_is_named_and_not_made(object_store):
    with using_endpoint(object_store):
        url = "s3://no-such-bucket/activation"
        with pytest.raises(LandingError, match=rf"the landing {url} is not there; make the folder, the bucket"):
            Landing(url).land("contoso", "user-counts", CHUNKS, "csv")
        assert "no-such-bucket" not in outsider().ls("")


def test_keys_that_nobody_knows_are_refused(object_store, bucket_url):
    with asking_for_rights(object_store), pytest.raises(LandingError, match="may not be used by this account; grant"):
        Landing(bucket_url).land("contoso", "user-counts", CHUNKS, "csv")


@pytest.mark.parametrize("action", ["PutObject", "DeleteObject", "GetObject"])
def test_a_right_that_is_missing_is_refused(bucket_url, action):
    bucket = bucket_of(bucket_url)
    landing = Landing(bucket_url)
    landed = landing.land("contoso", "user-counts", CHUNKS, "csv")
    rule = {"Effect": "Deny", "Principal": "*", "Action": f"s3:{action}", "Resource": f"arn:aws:s3:::{bucket}*"}
    outsider().call_s3("put_bucket_policy", Bucket=bucket, Policy=json.dumps({"Statement": [rule]}))
    deeds = {
        "PutObject": lambda: landing.land("contoso", "user-counts", [b"others"], "csv"),
        "DeleteObject": lambda: landing.drop(landed.path),
        "GetObject": lambda: landing.digest(landed.path),
    }

    with pytest.raises(LandingError, match="may not be used by this account; grant it to list, read, write and delete"):
        deeds[action]()


def test_without_credentials_they_are_asked_for(object_store):
    with open_bucket(object_store) as url, using_endpoint(object_store) as environment:
        environment.delenv("AWS_ACCESS_KEY_ID")
        environment.delenv("AWS_SECRET_ACCESS_KEY")
        environment.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        with pytest.raises(LandingError, match=r"\(Unable to locate credentials\); check .+ credentials"):
            Landing(url).land("contoso", "user-counts", CHUNKS, "csv")


def test_a_store_out_of_reach_may_be_tried_again():
    with using_endpoint("http://127.0.0.1:9") as environment:
        environment.setenv("AWS_MAX_ATTEMPTS", "1")
        with pytest.raises(LandingBusyError, match=r"s3://reports/activation is out of reach .+; if it stays so"):
            Landing("s3://reports/activation").land("contoso", "user-counts", CHUNKS, "csv")


def test_no_refusal_names_a_key(object_store, bucket_url):
    with asking_for_rights(object_store), pytest.raises(LandingError) as refusal:
        Landing(bucket_url).files("contoso")
    assert not re.search("loopback", f"{refusal.value}{refusal.value.__cause__}")


def test_the_package_that_is_missing_is_named(tmp_path: Path):
    with pytest.raises(LandingError, match=r"gcsfs.*S3 needs `pip install"):
        Landing("gs://reports/activation")
