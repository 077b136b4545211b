"""Keep attendees' work: archive a home into the workshop's bucket, and know whose is missing."""
