"""The training half of the contract: how a job ends, and what it says when it fails.

Source: "How Amazon SageMaker AI Signals Algorithm Success and Failure"
(https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-signal-success-failure.html).
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path

from rehearsal.containers.contract.files import CustomerError, base_folder, log, write_failure

# The exit code of AWS's own algorithms for what a customer can put right.
CUSTOMER_ERROR = 2


def run(train: Callable[[Path], None], *, customer_code: int = 1) -> int:
    """Train below /opt/ml; the exit code says what SageMaker makes of the job.

    `customer_code` is the code for what the person who made the job can put right.
    """
    try:
        train(base_folder())
    except CustomerError as error:
        return _fail(f"ClientError: {error}", customer_code)
    except Exception:  # noqa: BLE001 - whatever happens, the job must say so
        traceback.print_exc()
        last = traceback.format_exc(limit=-1).strip().splitlines()[-1]
        return _fail(f"AlgorithmError: {last}", 1)
    return 0


def _fail(reason: str, code: int) -> int:
    log("ERROR", reason)
    write_failure(reason)
    return code
