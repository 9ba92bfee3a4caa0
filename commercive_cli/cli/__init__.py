"""The terminal door: commands that parse, call one service and render the answer."""
