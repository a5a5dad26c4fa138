"""Names of users, made from their number: nobody's, unique in a tenant, and awkward where real names are."""

import hashlib

GIVEN = (
    "Ada", "Amir", "Beatriz", "Chen", "Dilnoza", "Emeka", "Fatima", "Goran", "Hana", "Ingrid", "João", "Keiko",
    "Lars", "Mei", "Nadia", "Oluwaseun", "Priya", "Quentin", "Ravi", "Søren", "Tariq", "Uma", "Viktor", "Wanda",
    "Ximena", "Yusuf", "Zoë", "Élodie", "Björn",
)  # fmt: skip
FAMILY = (
    "Adeyemi", "Baker", "Castro", "Dubois", "Eriksen", "Fischer", "García", "Haddad", "Ito", "Jansen", "Kowalski",
    "López", "Müller", "Nakamura", "O'Neil", "Petrov", "Quispe", "Rossi", "Šimek", "Tanaka", "Ueda", "Varga", "Weiß",
    "Xu", "Yilmaz", "Zhang", "Østergård", "Achebe", "Bergström", "Conti", "Dvořák",
)  # fmt: skip
_PLAIN = {ord(odd): plain for odd, plain in zip("ãáåčéëíóöøřŠßüØÉ'", "aaaceeiooorssuoe-", strict=True)}


def principal_name(user: int, domain: str) -> str:
    """The user principal name: plain letters, and a number from the second namesake on."""
    given, family, namesake = _split(user)
    local = f"{given}.{family}".translate(_PLAIN).lower()
    return f"{local}{namesake or ''}@{domain}"


def display_name(user: int) -> str:
    """The name as people read it; every seventh has a comma, as directories kept by family name do."""
    given, family, _ = _split(user)
    return f"{family}, {given}" if user % 7 == 3 else f"{given} {family}"


def conceal(tenant_id: str, text: str) -> str:
    """What Graph shows while names are concealed: 32 upper-case hexadecimal digits, the same every day."""
    return hashlib.md5(f"{tenant_id}/{text}".encode(), usedforsecurity=False).hexdigest().upper()


def _split(user: int) -> tuple[str, str, int]:
    rest, given = divmod(user, len(GIVEN))
    namesake, family = divmod(rest, len(FAMILY))
    return GIVEN[given], FAMILY[family], namesake
