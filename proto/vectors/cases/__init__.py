"""What make_vectors.py writes."""
