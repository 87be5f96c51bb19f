"""What became of one restore, told from its journal and from what was measured and sent around it."""
