"""Pure rules and shapes: models, identifiers, money, limits, errors. No input or output happens here."""
