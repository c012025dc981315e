"""EventBridge Scheduler: when a schedule is due, and what it starts then."""
