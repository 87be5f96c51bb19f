"""The dotenv adapter of snapstore."""
