"""The command line: commands that parse, call one service and render the answer."""
