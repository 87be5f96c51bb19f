SELECT has_column_privilege('pg_subscription', 'subconninfo', 'SELECT')
