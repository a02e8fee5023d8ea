"""What builds the published pages: execution, the MkDocs hook, maths, figures, listings."""
