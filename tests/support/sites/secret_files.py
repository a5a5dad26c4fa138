"""Files that hold a secret, as only their owner may read them: the configuration refuses others."""

from pathlib import Path


def write_secret(file: Path, text: str) -> Path:
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text(text, encoding="utf-8")
    return file
