"""Foreign names as tables: one row for each loss of another library, by the card that computes it.

From a row follow the function and the module of the face, their docstrings and stubs, how the check
recognises the other library's own, and what ``losskit show`` says of it. What is truly the other
library's own habit is a function of that name beside the face; its row says the rest.
"""
