"""What the business does: chat, leads, affiliates and the tables themselves. Rules live here, once."""
