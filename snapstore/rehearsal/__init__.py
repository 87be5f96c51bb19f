"""Rehearsals: a plan carried out where nobody is hurt, and the proof of it that goes with the plan."""
