"""One file per kind of sender: how its secret arrives, and how large its bodies may be. Found by being here."""
