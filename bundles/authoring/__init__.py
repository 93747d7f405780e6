"""What authors of policies work with: check, test, explain, new, matrix, docs; knows no gateway."""
