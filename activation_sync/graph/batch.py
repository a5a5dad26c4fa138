"""Many PATCHes in one request. Each item has an answer of its own, and only what must wait is sent again."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from activation_sync.core.rule.delivery import Answer, AnswerKind, CountUpdate
from activation_sync.errors import GraphBusyError, GraphRefusedError
from activation_sync.graph.answers import ONCE_MORE, WAITING, failure, judge_patch, lost
from activation_sync.graph.clouds import Cloud
from activation_sync.graph.connection import Line
from activation_sync.graph.waits import Pause
from activation_sync.graph.wire import Reply, batch_body, batch_path, batch_replies, retry_after_s

Verdict = Answer | GraphRefusedError


def patch_batch(line: Line, cloud: Cloud, updates: Sequence[CountUpdate]) -> list[Answer]:
    """Answers in the order of `updates`. Raises GraphRefusedError when every item, or the envelope, was refused."""
    items = {str(number): update for number, update in enumerate(updates, start=1)}
    verdicts: dict[str, Verdict] = {}
    pause, left, is_first = line.waits.begin(), items, True
    while left:
        try:
            replies = _post(line, cloud, left)
        except GraphBusyError as busy:
            verdicts |= dict.fromkeys(left, lost(busy))
            break
        verdicts |= {item_id: _judge(line, left[item_id], replies.get(item_id)) for item_id in left}
        left = {item_id: items[item_id] for item_id in _to_send_again(line, replies, pause, is_first)}
        is_first = False
    return _settled([verdicts[item_id] for item_id in items])


def _post(line: Line, cloud: Cloud, items: Mapping[str, CountUpdate]) -> dict[str, Reply]:
    path = cloud.write_back_path
    reply = line.reply("POST", cloud.write_root + batch_path(path), batch_body(items, path))
    if reply.status != 200 or not reply.is_json:
        raise failure("The batch", reply, line.clock())
    return {item_id: item for item_id, item in batch_replies(reply).items() if item_id in items}


def _judge(line: Line, update: CountUpdate, reply: Reply | None) -> Verdict:
    if reply is None:
        return Answer(AnswerKind.BUSY, message="Graph's answer to the batch leaves this row out.")
    try:
        return judge_patch(update, reply, line.clock())
    except GraphRefusedError as refused:
        return refused


def _to_send_again(line: Line, replies: Mapping[str, Reply], pause: Pause, is_first: bool) -> list[str]:
    """Items to send once more, after the longest wait that any of them was asked for and that we may wait."""
    once_more = [item_id for item_id, reply in replies.items() if is_first and reply.status in ONCE_MORE]
    refused = [reply for item_id in once_more if (reply := replies[item_id]).status == 401]
    if refused:
        with suppress(GraphBusyError):  # sending again will find out
            line.renew_token(refused[0])
    now = line.clock()
    asked = {item_id: retry_after_s(reply, now) for item_id, reply in replies.items() if reply.status in WAITING}
    bearable = {item_id: seconds for item_id, seconds in asked.items() if line.waits.is_bearable(seconds)}
    if not bearable or not pause.wait(max(filter(None, bearable.values()), default=None), now):
        return once_more
    return [*once_more, *bearable]


def _settled(verdicts: Sequence[Verdict]) -> list[Answer]:
    """A refusal of every item is the caller's to hear; of some, it must not cost the others their answers."""
    refused = [verdict for verdict in verdicts if isinstance(verdict, GraphRefusedError)]
    if refused and len(refused) == len(verdicts):
        raise refused[0]
    return [
        Answer(AnswerKind.BUSY, message=str(verdict)[:200]) if isinstance(verdict, GraphRefusedError) else verdict
        for verdict in verdicts
    ]
