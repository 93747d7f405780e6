-- Version 2: what is read back, witnesses, changes of the key, legal holds, sealed payloads.
-- Run as {schema}_owner. Processes of version 1 may still be writing: what they call stays.

-- Where witnesses sign what is published, the head may be ahead of it; `note` is the head.
ALTER TABLE {schema}.head ADD COLUMN published bytea, ADD COLUMN witnessed bigint, ADD COLUMN witnessed_at timestamptz;
UPDATE {schema}.head SET published = note;

-- Changes of the log's key, each signed by the key before it; the last one's key signs now.
CREATE TABLE {schema}.rotation (
  number int PRIMARY KEY,
  before text NOT NULL UNIQUE,
  verifier text NOT NULL UNIQUE,
  note bytea NOT NULL
);
SELECT {schema}.only_grows('{schema}.rotation');

-- Whose a row of the vault is, so that it is found without reading the log; and prompts and replies as
-- ciphertext, in the frames in which a folder's vault has them.
ALTER TABLE {schema}_vault.kept ADD COLUMN sref bytea, ADD COLUMN ref bytea,
  ADD COLUMN sealed bytea, ADD COLUMN payloads int NOT NULL DEFAULT 0;
CREATE INDEX kept_sref ON {schema}_vault.kept (sref);
CREATE INDEX kept_ref ON {schema}_vault.kept (ref);
CREATE INDEX erased_id ON {schema}_vault.erased (id);

-- Names of subjects whose erasure isn't finished.
CREATE TABLE {schema}_vault.leaving (
  sref text PRIMARY KEY,
  subject text NOT NULL
) WITH (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0);

-- Keys of sealed payloads, wrapped; a subject's go with the subject.
CREATE TABLE {schema}_vault.tenant_key (
  tenant text PRIMARY KEY,
  wrapped bytea NOT NULL
);
CREATE TABLE {schema}_vault.data_key (
  sref text NOT NULL REFERENCES {schema}_vault.subject (sref) ON DELETE CASCADE,
  tenant text NOT NULL,
  wrapped bytea NOT NULL,
  PRIMARY KEY (sref, tenant)
) WITH (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0);

-- What must stay. With neither pseudonym nor tenant it is everything.
CREATE TABLE {schema}_vault.hold (
  sref text NOT NULL,
  tenant text NOT NULL,
  basis text NOT NULL,
  actor text NOT NULL,
  since_us bigint NOT NULL,
  recorded boolean NOT NULL DEFAULT false,
  PRIMARY KEY (sref, tenant, basis)
);

-- Append a group, as in version 1; and keep nothing of what was erased, however late it comes. The shared lock
-- lets an erasure wait for groups on their way: what comes after it sees what was erased.
CREATE FUNCTION {schema}.append(
  who text, boot_before int, boot_now int, size_before bigint, hashes_now bytea, on_day date,
  bodies bytea[], records bytea[], nonces bytea[], questions bytea[], srefs bytea[], refs bytea[], seals bytea[], counts int[]
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
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('{schema}/erasing', 0));
    INSERT INTO {schema}_vault.kept (record, day, nonces, question, sref, ref, sealed, payloads)
      SELECT g.record, its_day, g.slots, g.question, g.sref, g.ref, g.seal, g.count
      FROM unnest(records, nonces, questions, srefs, refs, seals, counts)
        AS g (record, slots, question, sref, ref, seal, count)
      WHERE NOT EXISTS (
        SELECT FROM {schema}_vault.erased AS e
        WHERE e.id IN (encode(g.record, 'hex'), encode(g.sref, 'hex'), encode(g.ref, 'hex')));
  END IF;
END $$;

-- Return the pseudonym of a subject, null of a stranger; makes none.
CREATE FUNCTION {schema}.known(who text) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
  SELECT sref FROM {schema}_vault.subject WHERE subject = who;
$$;

-- Return a tenant's wrapped key, which is the fresh one if there is none yet.
CREATE FUNCTION {schema}.tenant_key(of_tenant text, fresh bytea) RETURNS bytea LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found_key bytea;
BEGIN
  LOOP
    SELECT wrapped INTO found_key FROM {schema}_vault.tenant_key WHERE tenant = of_tenant;
    IF FOUND OR fresh IS NULL THEN RETURN found_key; END IF;
    INSERT INTO {schema}_vault.tenant_key VALUES (of_tenant, fresh) ON CONFLICT DO NOTHING;
  END LOOP;
END $$;

-- Return some tenant's wrapped key, to hold a sealing key against.
CREATE FUNCTION {schema}.some_tenant_key() RETURNS SETOF {schema}_vault.tenant_key LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
  SELECT * FROM {schema}_vault.tenant_key LIMIT 1;
$$;

-- Return a subject's wrapped key in a tenant, which is the fresh one if there is none yet; null of a pseudonym
-- that is nobody's any more. The foreign key lets no key stay that comes beside an erasure.
CREATE FUNCTION {schema}.data_key(of_sref text, of_tenant text, fresh bytea) RETURNS bytea LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found_key bytea;
BEGIN
  SELECT wrapped INTO found_key FROM {schema}_vault.data_key WHERE sref = of_sref AND tenant = of_tenant;
  IF FOUND OR fresh IS NULL THEN RETURN found_key; END IF;
  BEGIN
    INSERT INTO {schema}_vault.data_key
      SELECT s.sref, of_tenant, fresh FROM {schema}_vault.subject AS s WHERE s.sref = of_sref ON CONFLICT DO NOTHING;
  EXCEPTION WHEN foreign_key_violation THEN
    RETURN NULL;
  END;
  SELECT wrapped INTO found_key FROM {schema}_vault.data_key WHERE sref = of_sref AND tenant = of_tenant;
  RETURN found_key;
END $$;

-- Say that the log has another key, once it isn't said yet; return the key that signs now.
CREATE FUNCTION {schema}.rotate(from_key text, to_key text, signed bytea) RETURNS text LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  now_key text;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('{schema}.rotate', 0));
  SELECT verifier INTO now_key FROM (
    SELECT verifier, number FROM {schema}.rotation UNION ALL SELECT verifier, 0 FROM {schema}.origin
  ) AS each_key ORDER BY number DESC LIMIT 1;
  IF now_key = from_key THEN
    INSERT INTO {schema}.rotation
      SELECT coalesce(max(number), 0) + 1, from_key, to_key, signed FROM {schema}.rotation;
    RETURN to_key;
  END IF;
  RETURN now_key;
END $$;

INSERT INTO {schema}.version (version) VALUES (2);
