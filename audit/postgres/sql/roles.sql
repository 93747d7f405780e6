-- What each role may do; said again with each `init`, so that nothing else is left over.
REVOKE ALL ON SCHEMA {schema}, {schema}_vault FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA {schema}, {schema}_vault
  FROM PUBLIC, {schema}_writer, {schema}_sequencer, {schema}_auditor, {schema}_eraser;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {schema}
  FROM PUBLIC, {schema}_writer, {schema}_sequencer, {schema}_auditor, {schema}_eraser;

GRANT USAGE ON SCHEMA {schema} TO {schema}_writer, {schema}_sequencer, {schema}_auditor, {schema}_eraser;
GRANT SELECT ON {schema}.version, {schema}.origin, {schema}.rotation, {schema}.writer, {schema}.entry, {schema}.piece, {schema}.head
  TO {schema}_writer, {schema}_sequencer, {schema}_auditor;
GRANT SELECT ON {schema}.version TO {schema}_eraser;

-- A writer appends through functions, each of which does one thing; it changes no table itself.
GRANT EXECUTE ON FUNCTION {schema}.settle(bytea, text), {schema}.enlist(text), {schema}.make_days(date, int),
  {schema}.append(text, int, int, bigint, bytea, date, bytea[], bytea[], bytea[], bytea[]),
  {schema}.append(text, int, int, bigint, bytea, date, bytea[], bytea[], bytea[], bytea[], bytea[], bytea[], bytea[],
    int[]),
  {schema}.pseudonym(text, text), {schema}.known(text), {schema}.erasures(),
  {schema}.tenant_key(text, bytea), {schema}.some_tenant_key(), {schema}.data_key(text, text, bytea),
  {schema}.rotate(text, text, bytea)
  TO {schema}_writer;

-- The sequencer adds to the merged tree and moves its head.
GRANT INSERT ON {schema}.piece TO {schema}_sequencer;
GRANT UPDATE (note, hint, published, witnessed, witnessed_at) ON {schema}.head TO {schema}_sequencer;

-- Only the eraser looks into the vault, and nothing of the log itself can go by its hand.
GRANT USAGE ON SCHEMA {schema}_vault TO {schema}_eraser;
GRANT SELECT, DELETE ON {schema}_vault.subject, {schema}_vault.leaving, {schema}_vault.kept, {schema}_vault.data_key,
  {schema}_vault.hold TO {schema}_eraser;
GRANT SELECT ON {schema}_vault.tenant_key TO {schema}_eraser;
GRANT INSERT ON {schema}_vault.subject, {schema}_vault.leaving, {schema}_vault.hold TO {schema}_eraser;
GRANT UPDATE (recorded) ON {schema}_vault.hold TO {schema}_eraser;
GRANT SELECT, INSERT ON {schema}_vault.erased TO {schema}_eraser;
