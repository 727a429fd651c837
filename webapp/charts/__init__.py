"""Facts in, Plotly figure out (as JSON text). No HTML, no requests, no queries."""
