"""How large what comes from outside may be. Whatever exceeds a bound is refused, in words that name the setting."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """The settings of `[bounds]`; each is inclusive.

    report_bytes: of a report, decoded. body_bytes: of any other answer, decoded, and of a page of a JSON report.
    line_bytes, field_chars: of a report. address_chars: of an address that Graph sends us to.
    report_pages, report_products: of one report. call_s: seconds from sending a call to the last byte of its answer.
    """

    report_bytes: int = 2_000_000_000
    body_bytes: int = 4_000_000
    line_bytes: int = 1_000_000
    field_chars: int = 8_192
    address_chars: int = 8_192
    report_pages: int = 20_000
    report_products: int = 2_000
    call_s: float = 600.0


BOUNDS = Bounds()
