"""Rules for constraints: of tables and domains, their own and those that they have by others."""
