"""Contents of materialized views: filled again, filled meanwhile, or kept."""
