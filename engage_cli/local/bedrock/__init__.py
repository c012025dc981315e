"""Local Bedrock, knowledge bases and S3 Vectors: real behaviour behind the AWS calls, without a language
model.
"""
