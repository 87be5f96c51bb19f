"""Rules for columns: how one comes, what it holds, how it changes, and what is in the way of that."""
