"""Amazon CloudFront, by its API."""
