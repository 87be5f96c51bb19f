-- What goes when an extension goes, without being a member of it (ALTER ... DEPENDS ON EXTENSION).
SELECT d.classid, d.objid, quote_ident(e.extname)
  FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
 WHERE d.deptype = 'x' AND d.refclassid = 'pg_extension'::regclass
