"""The steps of a request, one file each, ordered by `gateway/pipeline.py`; a step knows no other step."""
