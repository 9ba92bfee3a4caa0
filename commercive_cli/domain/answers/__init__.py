"""What services return, in the same shape for the API and for `-o json`: one module per subject."""
