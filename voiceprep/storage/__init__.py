"""Session folders in S3-compatible storage. Needs the extra `s3`."""
