"""The words that rows of the tables are told apart by, as the database checks them."""

from enum import StrEnum


class Source(StrEnum):
    """Who gave us a report; once Graph gave the same bytes, it is Graph's."""

    GRAPH = "graph"
    IMPORT = "import"  # a person, who downloaded it by hand


class OutboxState(StrEnum):
    """What became of an update on its way to Graph."""

    PENDING = "pending"  # to be sent
    ACKNOWLEDGED = "acknowledged"  # Graph accepted it
    SUPERSEDED = "superseded"  # a newer plan, or Graph's own row, overtook it
    DEAD = "dead"  # Graph refused it for good


class LedgerKind(StrEnum):
    """What a row of the ledger records."""

    DECISION = "decision"  # of one measure of one key in one run
    SENT = "sent"  # a PATCH left, so its key is in doubt
    ANSWER = "answer"  # Graph's
    PERSON = "person"  # what somebody did
