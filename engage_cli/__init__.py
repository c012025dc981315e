"""engage: weekly customer-engagement predictions on serverless AWS, or on a laptop."""

__version__ = "0.1.0"
