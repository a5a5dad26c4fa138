"""The rule: what becomes of one measure, and of one key. This is the specification; `reconcile` must equal it.

    observed        | warehouse      | decision | settled on
    ----------------+----------------+----------+-----------------------------------------------
    still           | still          | Keep     | agreed
    moved           | still          | Pull     | observed
    still           | moved          | Adopt    | warehouse (a local correction)
    moved           | moved, equal   | Converge | either
    moved           | moved, apart   | Conflict | nobody's, until the policy or a person decides
    moved to agreed | standing       | Converge | agreed
    moved           | standing       | Conflict | nobody's, until the policy or a person decides

observed moved: present, and not what it was when last settled (`observed_seen`).
warehouse moved: present, and not what was agreed; so a deleted row is restored, and never pushed as absence.
standing: the warehouse is still, and what was agreed is not what was seen. A person's value stands here (a correction,
a conflict decided for the warehouse, a revert), and no report overwrites it unasked, however often it is restated.
First sight, nothing agreed yet: each side that is present has moved.
None is absent, never 0: a product that is not reported neither moves nor deletes anything.
"""

from activation_sync.core.model import NOT_REPORTED, Change, ConflictPolicy, Counts, Decision, KeyState

Count = int | None


def decide(agreed: Count, observed_seen: Count, observed: Count, warehouse: Count) -> Decision:
    """Settle one measure. See the table above."""
    observed_moved = observed is not None and (agreed is None or observed != observed_seen)
    warehouse_moved = warehouse is not None and warehouse != agreed
    if observed_moved and (warehouse_moved or is_standing(agreed, observed_seen)):
        stands = warehouse if warehouse_moved else agreed
        return Decision.CONVERGE if observed == stands else Decision.CONFLICT
    if observed_moved:
        return Decision.PULL
    return Decision.ADOPT if warehouse_moved else Decision.KEEP


def is_standing(agreed: Count, observed_seen: Count) -> bool:
    """True when a person's value was settled on, and not what the usage data showed then."""
    return agreed is not None and agreed != observed_seen


def under(policy: ConflictPolicy, decision: Decision) -> Decision:
    """The decision once the policy has spoken: a conflict stays one only when it is held."""
    if decision is not Decision.CONFLICT or policy is ConflictPolicy.HOLD:
        return decision
    return Decision.ADOPT if policy is ConflictPolicy.WAREHOUSE else Decision.PULL


def settle(decision: Decision, agreed: Count, observed: Count, warehouse: Count) -> Count:
    """The value a decision settles on; of a held conflict the warehouse's, which stands until it is decided.

    Where a standing value's row was deleted, the value that was agreed takes the warehouse's part.
    """
    if decision is Decision.KEEP:
        return agreed
    if decision in (Decision.PULL, Decision.CONVERGE):
        return observed
    return agreed if warehouse is None else warehouse


def change_of(state: KeyState, policy: ConflictPolicy) -> Change | None:
    """What becomes of one key; None when it needs nothing.

    A change is also one that only moves what we remember (a correction that Graph already shows, say), or that waits.
    """
    decisions = decide_key(state, policy)
    is_held = Decision.CONFLICT in decisions
    change = change_to(state, decisions, state.warehouse if is_held else settle_key(state, decisions))
    is_sent = change.is_pushed or change.waits_for_report
    return change if is_held or is_sent or change.is_written or moves_memory(state, change.settled) else None


def change_to(state: KeyState, decisions: tuple[Decision, ...], settled: Counts) -> Change:
    """What follows from settling a key so: whether its row is written, and pushed now or once its report is there."""
    published = published_counts(state)
    wants_push = Decision.CONFLICT not in decisions and needs_push(state, settled, published)
    is_waiting = wants_push and is_unknown_to_us(state)
    return Change(
        state=state,
        decisions=decisions,
        settled=settled,
        published=published,
        is_written=settled != state.warehouse,
        is_pushed=wants_push and not is_waiting,
        waits_for_report=is_waiting,
    )


def decide_key(state: KeyState, policy: ConflictPolicy) -> tuple[Decision, ...]:
    """One decision a measure, in the order of `Measure`."""
    measures = zip(state.agreed, state.observed_seen, state.observed, state.warehouse, strict=True)
    return tuple(under(policy, decide(*measure)) for measure in measures)


def settle_key(state: KeyState, decisions: tuple[Decision, ...]) -> Counts:
    return Counts(*map(settle, decisions, state.agreed, state.observed, state.warehouse))


def published_counts(state: KeyState) -> Counts:
    """What Graph is taken to hold: what it acknowledged, until its report moves; then the report's value.

    The report has moved when it no longer shows what it showed then (`published_seen`), absence included. Where no
    report of this refresh date has landed, nothing can have moved.
    """
    seen = state.published_seen if state.is_published else state.published
    return Counts(*map(_overlaid, state.published, seen, state.acknowledged))


def _overlaid(reported: Count, reported_then: Count, acknowledged: Count) -> Count:
    return reported if acknowledged is None or reported != reported_then else acknowledged


def needs_push(state: KeyState, settled: Counts, published: Counts) -> bool:
    """True when Graph does not surely hold what was settled, and did not refuse this very value for good."""
    return has_other_value(settled, published, state.in_doubt) and not is_refused(state, settled)


def has_other_value(settled: Counts, published: Counts, in_doubt: bool = False) -> bool:
    """True when a present measure differs from what is published, or what is published is in doubt."""
    pairs = zip(settled, published, strict=True)
    return any(ours is not None and (in_doubt or ours != theirs) for ours, theirs in pairs)


def is_refused(state: KeyState, settled: Counts) -> bool:
    """True when a dead letter carried this value and the report has not moved since."""
    return state.refused == settled and state.refused_published == state.published


def is_unknown_to_us(state: KeyState) -> bool:
    """True when nothing tells what Graph holds: no report of this date, nothing acknowledged, no PATCH on its way."""
    return not state.is_published and not state.in_doubt and state.acknowledged == NOT_REPORTED


def moves_memory(state: KeyState, settled: Counts) -> bool:
    """True when applying would move `agreed` or `observed_seen`; an absent observation is not remembered."""
    return settled != state.agreed or has_other_value(state.observed, state.observed_seen)


def memory_after(change: Change) -> tuple[Counts, Counts]:
    """`agreed` and `observed_seen` once a change is applied.

    A measure in conflict keeps both. A reverted one keeps what was seen, so that the same usage data is not pulled
    again; a withdrawn one sees what its change says, absence included. What is not reported tonight stays remembered as
    it was last seen.
    """
    state = change.state
    sides = (state.agreed, change.settled, state.observed_seen, state.observed)
    measures = zip(change.decisions, *sides, strict=True)
    agreed, seen = zip(*(_memory(*measure) for measure in measures), strict=True)
    return Counts(*agreed), Counts(*seen)


def _memory(decision: Decision, agreed: Count, settled: Count, seen: Count, observed: Count) -> tuple[Count, Count]:
    if decision is Decision.CONFLICT:
        return agreed, seen
    return settled, observed if moves_seen(decision, observed) else seen


def moves_seen(decision: str, observed: Count) -> bool:
    """True when a settled measure's `observed_seen` becomes what was observed.

    Undone, usage data still counts as seen; withdrawn, it counts no more, so that absence is remembered as well.
    """
    return decision == Decision.WITHDRAW or (observed is not None and decision != Decision.REVERT)
