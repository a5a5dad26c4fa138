"""The body of an answer in small pieces, decoded, whatever it grows to: who reads it says how much is enough."""

import zlib
from collections.abc import Iterator

import httpx

from activation_sync.errors import GraphBusyError

PIECE_BYTES = 64 * 1024
GZIP = zlib.MAX_WBITS | 16


def pieces(response: httpx.Response) -> Iterator[bytes]:
    """The decoded body. Raises GraphBusyError for any coding but gzip, and for one that is broken or cut short."""
    coding = response.headers.get("content-encoding", "").strip().lower()
    if coding in ("", "identity"):
        return response.iter_raw()
    if coding not in ("gzip", "x-gzip"):
        raise GraphBusyError(
            f"An answer came encoded as {coding[:40]!r}; only gzip is read, and only once. Is a proxy in between?"
        )
    return _unzipped(response.iter_raw())


def _unzipped(raw: Iterator[bytes]) -> Iterator[bytes]:
    member, is_begun = zlib.decompressobj(GZIP), False
    try:
        for data in raw:
            while data:
                if member.eof:  # gzip may hold several, one after another
                    member = zlib.decompressobj(GZIP)
                yield member.decompress(data, PIECE_BYTES)
                is_begun, data = True, member.unconsumed_tail or member.unused_data
    except zlib.error:
        raise GraphBusyError("An answer came with broken compression. Is a proxy in between?") from None
    if is_begun and not member.eof:
        raise GraphBusyError("An answer ended inside its compressed body: check the network if this lasts.")
