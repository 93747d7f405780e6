"""What a call's content says about itself; reads text, but hands on only counts, names and labels."""
