"""EventBridge Scheduler: schedules that fire on the local AWS's clock."""
