"""What `tornado-core` shares with its siblings."""
