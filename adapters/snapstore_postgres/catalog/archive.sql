-- Volatile: what earlier restores put aside, and whether a later one has taken it back.
SELECT e.place, e.identity, e.kind,
       CASE WHEN e.returned_at IS NULL THEN e.facts END,
       e.returned_at IS NOT NULL
  FROM snapstore_archive.entries e
 ORDER BY e.archived_at, e.place
