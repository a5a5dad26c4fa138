"""What becomes of a number: the decision, the guards, the plan, what is sent, and the reasons in words.

decide: the rule for one key, and whether its row is sent (again); a run uses its twin over many keys, `reconcile`.
plan, guards: all changes of a run, what holds it, its digest. delivery: the values that go to Graph, and its answers.
planned: what is shown of a plan's changes, as values. reasons: the sentences that `plan`, `conflicts`, `why` and the
dashboard make of them.
approvals: which held plan a person approves.
conflicts, correct, retry, revert, withdraw: what people do by hand.

Doors: approvals, conflicts, correct, decide, delivery, guards, plan, planned, reasons, retry, revert, withdraw.
"""
