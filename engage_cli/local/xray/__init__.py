"""X-Ray: traces that are sent to it, and the segments that services write where templates switch tracing
on.
"""
