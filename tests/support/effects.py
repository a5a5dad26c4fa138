"""What applying a plan and delivering it do to what is known: the promises of the warehouse and of Graph, in small."""

from dataclasses import replace

from activation_sync.core.model import Change, Counts, KeyState
from activation_sync.core.rule.decide import memory_after


def applied(change: Change) -> KeyState:
    """What is known once the apply transaction is through; a held conflict moves nothing."""
    if change.is_conflict and not change.is_resolved:
        return change.state
    agreed, seen = memory_after(change)
    return replace(change.state, warehouse=change.settled, agreed=agreed, observed_seen=seen)


def acknowledged(state: KeyState, sent: Counts) -> KeyState:
    """What is known once Graph has acknowledged what was sent."""
    return replace(state, acknowledged=sent, published_seen=state.published, in_doubt=False)


def delivered(change: Change) -> KeyState:
    """What is known once a change was applied and, where it is pushed, acknowledged."""
    state = applied(change)
    return acknowledged(state, change.settled) if change.is_pushed else state
