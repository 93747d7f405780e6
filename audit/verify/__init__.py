"""The auditor's side: check a log, or a part of one, with the standard library and `cryptography`.

Written from the description of the formats, apart from the code that writes logs and sharing none of it:
an auditor can read this folder whole, copy it, and run it as `python -m audit.verify LOG`. `alone.py` is the
same in one file that imports nothing of the others. `check.verify` is the way in:

- `terms` says what is asked, `sources` and `web` where the log is, `verdict` what comes out, `words` says it;
- `notes`, `checkpoints`, `trust`, `authority`, `rotation`, `history`: what was signed, and by whom;
- `merkle`, `tiles`, `structure` and `proofs` are about the tree, and know no record;
- `lint`, `numbering`, `sequencer`, `pairs`, `receipts` and `disclosed` are about what the records say;
- `segments` and `beside` are the logs of single writers, `packs`, `manifest` and `excerpts` evidence packs.

Against the operator himself only a kept checkpoint, witnesses and receipts prove anything: who can write the
log can also write another one that agrees with itself.
"""
