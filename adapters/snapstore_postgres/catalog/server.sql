-- Volatile: who we are, what server this is, and whether it has an archive.
SELECT quote_ident(current_user),
       current_setting('server_version'),
       to_regclass('snapstore_archive.entries') IS NOT NULL
