"""Two traces side by side: `page` answers, the rest prepares what it shows. What differs is settled in `analysis/`."""
