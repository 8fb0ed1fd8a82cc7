"""What is wrong with a loss call: `check`, what it finds, and how findings are shown.

The picture: `libraries/` recognise a loss and call it as its own library would; `call` holds the
arrays, and what the findings ask of them; each finding is one function, in a file per family;
`report` is what comes back.
"""

from losskit.checks.check import check
from losskit.checks.report import CheckError, Finding, Report, Skipped

__all__ = ["CheckError", "Finding", "Report", "Skipped", "check"]
