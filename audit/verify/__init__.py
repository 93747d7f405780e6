"""The auditor's side: check a log folder with nothing but the standard library.

Written from the description of the format, apart from the code that writes logs and sharing none of it:
an auditor can read this folder whole, copy it, and run it as `python -m audit.verify FOLDER [KEPT_HEAD]`.

What it establishes: each record's bytes are whole; each writer's records stand in the order in which they
were numbered, boot after boot, and each boot agrees with the tree of all before it; every allowed request
has its end; what is missing says so. Against the operator himself only a kept head proves anything: who
can write the folder can also write another one that agrees with itself.
"""
