"""Lambda: functions that run their real Python handler, and the URLs and HTTP APIs before them."""
