"""A real S3 server, of moto, on loopback: buckets of a test's own, and the environment that leads to them."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import httpx
import pytest
from s3fs import S3FileSystem

numbers = count(1)


@contextmanager
def serving_buckets() -> Iterator[str]:
    """The address of the server."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line for every request
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@contextmanager
def using_endpoint(endpoint: str) -> Iterator[pytest.MonkeyPatch]:
    """S3 and its credentials as an operator gives them: by the environment, and nothing else."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", endpoint)
        environment.setenv("AWS_ACCESS_KEY_ID", "loopback")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "loopback")
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        environment.setenv("AWS_EC2_METADATA_DISABLED", "true")
        S3FileSystem.clear_instance_cache()  # a file system of before has read another environment
        yield environment
    S3FileSystem.clear_instance_cache()


@contextmanager
def open_bucket(endpoint: str) -> Iterator[str]:
    """The URL of a landing in a bucket of its own."""
    with using_endpoint(endpoint):
        bucket = f"reports-{next(numbers)}"
        S3FileSystem().mkdir(bucket)
        yield f"s3://{bucket}/activation"


@contextmanager
def asking_for_rights(endpoint: str) -> Iterator[None]:
    """Until the block ends, the server knows who may do what; before, everybody may do everything."""
    _begin_asking(endpoint, after=0)
    try:
        yield
    finally:
        _begin_asking(endpoint, after=10**9)


def _begin_asking(endpoint: str, *, after: int) -> None:
    answer = httpx.post(f"{endpoint}/moto-api/reset-auth", content=str(after), trust_env=False)
    answer.raise_for_status()
