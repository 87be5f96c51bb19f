"""What adapters of systems behind a network share: answers that got lost, asking again, HTTP APIs."""
