"""Rows of partitions: what each of them takes, who must leave, and where those go and come back from."""
