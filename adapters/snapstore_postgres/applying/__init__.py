"""Running the actions of a plan: how often they are tried, in which transactions, and by which statements."""
