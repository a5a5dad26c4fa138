"""A process of its own that is attacked, and says how much memory it held at most, in bytes: `attacker.py ROOT CA`."""

import sys
from contextlib import suppress
from io import BytesIO
from pathlib import Path

from activation_sync.core.model import Report
from activation_sync.core.reports.content import read_content
from activation_sync.core.reports.sniff import sniff_report
from activation_sync.errors import ActivationSyncError
from activation_sync.graph.auth import TokenSource
from activation_sync.graph.client import GraphClient
from tests.fuzz.run import peak_bytes
from tests.support.clouds import cloud_at
from tests.support.servers.scripted_graph import SECRET, TENANT_ID

HEADER = b"Report Refresh Date,Product Type,Assigned,Activated\n"
FILES = {
    "lists without end": lambda: b'{"value":[' + b"[]," * 3_000_000,
    "objects without end": lambda: b'{"value":[' + b'{"":0},' * 1_300_000,
    "a line without end": lambda: HEADER + b"x" * 9_000_000,
    "a quote without end": lambda: HEADER + b'"' + b"x\n" * 4_000_000,
    "products without end": lambda: HEADER + b"".join(b"2026-11-19,P%d,1,1\n" % n for n in range(50_000)),
    "blank lines without end": lambda: b"\n" * 9_000_000,
}


def main(root: str, ca_file: str) -> None:
    cloud = cloud_at(root, root)
    tokens = TokenSource(TENANT_ID, "client", SECRET, cloud, Path(ca_file))
    with GraphClient(cloud, tokens, ca_file=Path(ca_file)) as graph:
        for form in ("csv", "json", "csv", "json"):
            with suppress(ActivationSyncError), graph.download(Report.USER_DETAIL, format=form) as download:
                for _ in download.chunks:
                    pass
    for make in FILES.values():
        content = make()
        for read in (sniff_report, lambda stream: read_content(Report.USER_COUNTS, stream).drain()):
            with suppress(ActivationSyncError):
                read(BytesIO(content))
    print(peak_bytes())  # noqa: T201  what it is asked for


if __name__ == "__main__":
    main(*sys.argv[1:])
