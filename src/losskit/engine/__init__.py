"""One loss call, written once for every face.

A face hands over arrays and its `Framework`; the engine says what is wrong with them, leaves out
what does not count, asks the card for values and slopes, and reduces.
"""
