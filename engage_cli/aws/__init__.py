"""The only place that makes boto3 sessions, and this product's own verbs over them."""
