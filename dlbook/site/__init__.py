"""What builds the pages of the published book."""
