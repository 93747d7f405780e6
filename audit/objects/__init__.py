"""Copies of the log in object storage, locked against whoever runs the log.

Speaks the S3 API through boto3, which is imported only when a bucket is opened (`regent[s3]`). A copy is the
C2SP `tlog-tiles` layout again: fetched into a folder, it is a log that any reader of such logs takes.
"""
