"""What whoever writes policies works with: check, test, explain, new, matrix, docs; knows no gateway and no log."""
