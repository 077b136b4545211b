"""xgboost without scikit-learn, which its import pulls in when it is installed: 0.3 s, not 1.2 s.

A workshop of 25 starts 75 of these processes on one machine, and none of them needs it.
"""

import sys

# None makes `import sklearn` an ImportError, which xgboost.compat is prepared for.
sys.modules.setdefault("sklearn", None)  # type: ignore[arg-type]

import xgboost  # noqa: E402

__all__ = ["xgboost"]
