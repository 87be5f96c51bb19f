-- Only for roles that may read the connection: see "subconninfo" in the manual, pg_subscription.
SELECT 'pg_subscription'::regclass::oid, s.oid, 0, format('subscription:%I', s.subname), NULL,
       pg_get_userbyid(s.subowner) AS owner,
       s.subconninfo AS connection,
       ARRAY(SELECT quote_ident(p) FROM unnest(s.subpublications) WITH ORDINALITY u (p, place) ORDER BY place) AS publications,
       nullif(s.subenabled, false) AS enabled,
       coalesce(quote_literal(s.subslotname), 'NONE') AS slot_name,
       nullif(s.subsynccommit, 'off') AS synchronous_commit,
       CASE WHEN s.substream THEN 'on' ELSE 'off' END AS streaming, -- before 16
       CASE s.substream WHEN 't' THEN 'on' WHEN 'p' THEN 'parallel' ELSE 'off' END AS streaming, -- since 16
       nullif(s.subtwophasestate <> 'd', false) AS two_phase, -- since 15
       nullif(s.subdisableonerr, false) AS disable_on_error, -- since 15
       nullif(s.subpasswordrequired, true) AS password_required, -- since 16
       nullif(s.subrunasowner, false) AS run_as_owner, -- since 16
       nullif(s.suborigin, 'any') AS origin, -- since 16
       nullif(s.subfailover, false) AS failover, -- since 17
       nullif(s.subbinary, false) AS binary
  FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid
 WHERE d.datname = current_database()
