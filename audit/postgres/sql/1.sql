-- The log's tables, version 1. {schema} is its name in this database; the vault's schema is {schema}_vault.
-- Run as {schema}_owner. Every table but writer, head and the vault's only ever grows.

CREATE TABLE {schema}.version (
  version int PRIMARY KEY,
  since timestamptz NOT NULL DEFAULT now()
);

-- Who this log is: the bytes of origin.json, and the verifier key that its first process brought.
CREATE TABLE {schema}.origin (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  document bytea NOT NULL,
  verifier text NOT NULL
);

-- How far each writer's log is: moved by {schema}.append only, together with the entries.
CREATE TABLE {schema}.writer (
  name text PRIMARY KEY,
  boot int NOT NULL DEFAULT -1,
  size bigint NOT NULL DEFAULT 0,
  hashes bytea NOT NULL DEFAULT '',       -- roots of the complete subtrees over its leaves, largest first
  day date NOT NULL DEFAULT '2000-01-01'  -- of its last entry; never goes back
) WITH (fillfactor = 50);

-- The records. "at" counts within a writer's log, from 0 and without holes.
CREATE TABLE {schema}.entry (
  writer text NOT NULL,
  at bigint NOT NULL,
  day date NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (writer, at, day)
) PARTITION BY RANGE (day);

-- The merged tree, as tiles and bundles of C2SP tlog-tiles that are kept in pieces: a tile only grows, so
-- each turn of the sequencer adds what is new. Level -1 holds the entries.
CREATE TABLE {schema}.piece (
  level smallint NOT NULL,
  tile bigint NOT NULL,
  start smallint NOT NULL CHECK (start BETWEEN 0 AND 255),
  width smallint NOT NULL CHECK (width > 0 AND start + width <= 256),
  data bytea NOT NULL,
  PRIMARY KEY (level, tile, start)
);

-- The published checkpoint, moved by comparison; and what spares the next sequencer work.
CREATE TABLE {schema}.head (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  note bytea,
  hint bytea
);
INSERT INTO {schema}.head DEFAULT VALUES;

-- The vault: the only place from which something can go, and where what has gone is swept up at once.
CREATE TABLE {schema}_vault.subject (
  subject text PRIMARY KEY,
  sref text NOT NULL UNIQUE
) WITH (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0);
CREATE TABLE {schema}_vault.kept (
  record bytea NOT NULL,   -- 16 bytes, the record's id
  day date NOT NULL,
  nonces bytea NOT NULL,   -- slots of 64 bytes, as in a folder's vault
  question bytea,          -- what the policy was asked, JSON
  PRIMARY KEY (record, day)
) PARTITION BY RANGE (day);
-- What was erased, by pseudonym or record id, so that whoever remembers it learns to forget.
CREATE TABLE {schema}_vault.erased (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text NOT NULL,
  since timestamptz NOT NULL DEFAULT now()
);

-- Also an owner and a superuser are stopped, until they take the trigger away.
CREATE FUNCTION {schema}.refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RAISE EXCEPTION '% of %: this table only grows', TG_OP, TG_TABLE_NAME USING ERRCODE = '42501';
END $$;

CREATE FUNCTION {schema}.only_grows(which regclass) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON %s'
    ' FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse()', which);
  EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON %s FROM {schema}_owner', which);
END $$;

SELECT {schema}.only_grows('{schema}.version'), {schema}.only_grows('{schema}.origin'),
  {schema}.only_grows('{schema}.entry'), {schema}.only_grows('{schema}.piece');

-- Make the partitions of a day and of those that follow. Attached rather than created in place: that would
-- wait for every reader, and everybody would wait for it.
CREATE FUNCTION {schema}.make_days(first date, ahead int) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  today date := (now() AT TIME ZONE 'UTC')::date;
  each date;
  part text;
BEGIN
  IF first NOT BETWEEN today - 31 AND today + 31 OR ahead NOT BETWEEN 0 AND 31 THEN
    RAISE EXCEPTION 'the day % is too far from the server''s own', first USING ERRCODE = '55000';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('{schema}.make_days', 0));
  FOR each IN SELECT first + n FROM generate_series(0, ahead) AS n LOOP
    part := 'entry_' || to_char(each, 'YYYYMMDD');
    CONTINUE WHEN to_regclass(format('{schema}.%I', part)) IS NOT NULL;
    EXECUTE format('CREATE TABLE {schema}.%I (LIKE {schema}.entry INCLUDING ALL)', part);
    PERFORM {schema}.only_grows(format('{schema}.%I', part)::regclass);
    EXECUTE format('ALTER TABLE {schema}.entry ATTACH PARTITION {schema}.%I FOR VALUES FROM (%L) TO (%L)',
      part, each, each + 1);
    part := 'kept_' || to_char(each, 'YYYYMMDD');
    EXECUTE format('CREATE TABLE {schema}_vault.%I (LIKE {schema}_vault.kept INCLUDING ALL) WITH ('
      'autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0,'
      'toast.autovacuum_vacuum_threshold = 1, toast.autovacuum_vacuum_scale_factor = 0)', part);
    EXECUTE format('ALTER TABLE {schema}_vault.kept ATTACH PARTITION {schema}_vault.%I FOR VALUES FROM (%L) TO (%L)',
      part, each, each + 1);
  END LOOP;
END $$;

-- Say who this log is, for good, and return who it is.
CREATE FUNCTION {schema}.settle(document bytea, verifier text) RETURNS SETOF {schema}.origin
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO {schema}.origin VALUES (true, document, verifier) ON CONFLICT DO NOTHING;
  SELECT * FROM {schema}.origin;
$$;

-- Make a writer known. Whoever calls it holds the writer's advisory lock.
CREATE FUNCTION {schema}.enlist(who text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO {schema}.writer (name) VALUES (who) ON CONFLICT DO NOTHING;
$$;

-- Append a group: the entries, what belongs to them in the vault, and the writer's place, all or nothing.
-- A writer that isn't where its caller believes is left alone; so no number is given twice and none left out.
CREATE FUNCTION {schema}.append(
  who text, boot_before int, boot_now int, size_before bigint, hashes_now bytea, on_day date,
  bodies bytea[], records bytea[], nonces bytea[], questions bytea[]
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  its_day date;
BEGIN
  UPDATE {schema}.writer AS w
    SET boot = boot_now, size = size_before + cardinality(bodies), hashes = hashes_now, day = greatest(w.day, on_day)
    WHERE w.name = who AND w.boot = boot_before AND w.size = size_before AND boot_now IN (boot_before, boot_before + 1)
    RETURNING w.day INTO its_day;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the writer is not where it was believed to be' USING ERRCODE = 'RG001';
  END IF;
  IF to_regclass('{schema}.entry_' || to_char(its_day, 'YYYYMMDD')) IS NULL THEN
    PERFORM {schema}.make_days(its_day, 7);
  END IF;
  INSERT INTO {schema}.entry (writer, at, day, body)
    SELECT who, size_before + n - 1, its_day, body FROM unnest(bodies) WITH ORDINALITY AS given (body, n);
  IF cardinality(records) > 0 THEN
    INSERT INTO {schema}_vault.kept (record, day, nonces, question)
      SELECT record, its_day, slots, question
      FROM unnest(records, nonces, questions) AS given (record, slots, question);
  END IF;
END $$;

-- Return the pseudonym of a subject, which is a new one if there is none yet.
CREATE FUNCTION {schema}.pseudonym(who text, fresh text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found_sref text;
BEGIN
  LOOP
    SELECT sref INTO found_sref FROM {schema}_vault.subject WHERE subject = who;
    IF FOUND THEN RETURN found_sref; END IF;
    INSERT INTO {schema}_vault.subject VALUES (who, fresh) ON CONFLICT DO NOTHING;
  END LOOP;
END $$;

-- Return a number that grows with each erasure.
CREATE FUNCTION {schema}.erasures() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(max(number), 0) FROM {schema}_vault.erased;
$$;

INSERT INTO {schema}.version (version) VALUES (1);
