"""What decides: pure functions and frozen values, without I/O, clock or randomness.

The way of a record through this package:

    records   bytes            → Record, or the reasons why not
    examine   Record, contract → what it is: an event, an identify, or for quarantine
    usual     both of these in one pass, for records in their usual form
    decide    a batch, state   → Decision: people, ledger, totals, operations, verdicts
    decision  the values that a decision reads and writes
    rollups   what a moment adds to its person's totals
    outbox    the life of an operation
    turns     what a person sends next
    packing   turns            → requests within Customer.io's limits
    wire      requests         → bytes; answers → what they mean
    pace      how long to wait, and how fast to go
"""
