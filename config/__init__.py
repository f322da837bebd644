"""Settings, and the contract that the front door and the workers share. Imports no other room."""
