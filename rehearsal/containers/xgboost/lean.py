"""xgboost without scikit-learn and pandas, which its import pulls in when they are installed:
0.3 s, not 3.1 s.

A workshop of 25 starts 75 of these processes on one machine, and none of them needs either.
"""

import sys

# None makes their import an ImportError, which xgboost.compat is prepared for.
for absent in ("pandas", "sklearn"):
    sys.modules.setdefault(absent, None)  # type: ignore[arg-type]

import xgboost  # noqa: E402

__all__ = ["xgboost"]
