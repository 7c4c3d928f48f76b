"""One realtime model, three clients: how soon its voice is heard, how soon it is silent, what that costs."""
