"""Which servers are trusted: a CA file when one is configured, else the public roots. The environment has no say."""

import ssl
from functools import lru_cache
from pathlib import Path

import certifi

from activation_sync.errors import ConfigError


@lru_cache
def trust(ca_file: Path | None) -> ssl.SSLContext:
    """The context of every connection to Graph, made once: reading the public roots takes as long as ten calls.

    `ssl.create_default_context` would write the keys of each connection into the file that SSLKEYLOGFILE names, for
    whoever listens to read tokens with. Raises ConfigError for a CA file that cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # asks for a certificate, and checks its name
    try:
        context.load_verify_locations(cafile=str(ca_file or certifi.where()))
        return context
    except OSError as error:  # ssl.SSLError is one
        raise ConfigError(
            [f"The CA file {ca_file} cannot be used ({type(error).__name__}): name a PEM file."]
        ) from None


def is_untrusted(error: BaseException | None) -> bool:
    """True when a certificate check is at the bottom of a connection error; repeating does not help then."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def untrusted(host: str) -> ConfigError:
    return ConfigError([f"The certificate of {host} is not trusted: configure the CA file of your proxy or server."])
