"""The inference task: one container run per shard, or per bulk request."""
