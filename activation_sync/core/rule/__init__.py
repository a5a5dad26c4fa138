"""What becomes of a number: the decision, the guards, the plan, what is sent, and the reasons in words.

Doors: conflicts, correct, decide, delivery, guards, plan, reasons, retry, revert, withdraw.
"""
