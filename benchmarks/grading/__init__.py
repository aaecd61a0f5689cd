"""Which edits would the owner of the photo keep? A blind look at two sets: ``python -m benchmarks.grading``.

1. ``python -m benchmarks.edits --pictures runs/NAME`` in each checkout writes that code's edits; or give a checkpoint.
2. ``python -m benchmarks.grading lay --old runs/OLD --new runs/NEW`` draws the same 150 edits of both by lot, shuffles
   the 300 pairs of before and after, and lays them out as sheets in runs/grading. ``key.csv`` says what is what.
3. Look at the sheets, not at the key, and fill in ``grades.csv``: 1 for "I would keep this", 0 for the others.
4. ``python -m benchmarks.grading score runs/grading/key.csv runs/grading/grades.csv`` prints each set's share;
   ``turned`` the new set's on heads that are turned and on others, of several lots.

The key and the grades hold seeds, numbers of faces and values and no pictures, so that they can be committed.
"""

from __future__ import annotations

SETS = ("old", "new")
"""The two sets, as the key names them."""


class GradingError(ValueError):
    """A set, a key or grades cannot be used; the message says why and what to do."""
