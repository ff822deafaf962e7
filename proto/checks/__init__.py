"""The checks behind check.py: each room of the contract is compared with schema.json or limits.json."""
