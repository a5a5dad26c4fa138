"""What packages say of their licences, each in many spellings, as SPDX writes them."""

from importlib.metadata import metadata

SPELLINGS = {  # of the field `License` and of the last part of a classifier
    "Apache 2": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "Artistic License": "Artistic-1.0",
    "BSD License": "BSD",
    "GNU General Public License (GPL)": "GPL-1.0-or-later",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "ISC License": "ISC",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT license": "MIT",
    "MIT Licence": "MIT",
    "The MIT License (MIT)": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "PSFL": "PSF-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
VAGUE = ("OSI Approved", "DFSG approved")


def stated_licence(package: str) -> str:
    """An SPDX expression, of the installed package; empty when it states none.

    The newest way of stating wins: `License-Expression`, then classifiers, then the free field `License`. Several
    classifiers are a choice. Only where a classifier does not say which BSD licence, `License` may.
    """
    stated = metadata(package)
    words = (stated.get("License") or "").partition("\n")[0]
    parts = (line.split(" :: ") for line in stated.get_all("Classifier") or [])
    classified = {SPELLINGS.get(part[-1], part[-1]) for part in parts if part[0] == "License"} - set(VAGUE)
    if classified == {"BSD"} and words.startswith("BSD-"):
        return words
    return str(stated.get("License-Expression") or " OR ".join(sorted(classified)) or SPELLINGS.get(words, words))


def is_allowed(expression: str, allowed: set[str]) -> bool:
    """True when each part of an expression, or what one may choose in its place, is allowed."""
    needed = expression.replace("(", "").replace(")", "").split(" AND ")
    return all(allowed.intersection(choice.split(" OR ")) for choice in needed)
