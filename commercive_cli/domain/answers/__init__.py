"""What services answer, one shape for the API and for `-o json`: a module for each kind of thing."""
