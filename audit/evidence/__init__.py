"""Evidence packs, the writer's side: a part of the merged log with all that its check needs.

The format is stated in docs/evidence-pack.md; the other side is `audit.verify`, and nothing is shared with
it. Knows no policy and no bundle: who wants them in a pack brings a callable that finds them.
"""
