"""A simulated My Number card, its TEST issuer and the tester's desk. Nothing here has any legal effect.

An independent reading of `card.md`: it shares no code with `nfc`, so that a misunderstanding on one side
shows as a failing exchange instead of two mistakes that agree.
"""
