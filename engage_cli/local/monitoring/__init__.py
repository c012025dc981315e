"""CloudWatch's metrics and alarms as the platform uses them: what happened becomes metrics, metrics move
alarms.
"""
