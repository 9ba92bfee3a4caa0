"""Support chat: listing and reading conversations, sending messages, marking them read, closing."""
