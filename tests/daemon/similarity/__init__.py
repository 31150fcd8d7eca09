"""What doors ask: near, path, and the follower behind them."""
