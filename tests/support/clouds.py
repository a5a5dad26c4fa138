"""A cloud for tests: the global one, as an emulator or a scripted server serves it."""

from dataclasses import replace

from activation_sync.graph.clouds import CLOUDS, Cloud


def cloud_at(root: str, authority_root: str, *download_hosts: str) -> Cloud:
    """Same versions, other addresses; of Microsoft's download hosts none is trusted."""
    return replace(
        CLOUDS["global"],
        root=root,
        authority_root=authority_root,
        download_suffixes=(),
        download_hosts=download_hosts,
    )
