"""What boots an attendee's environment: shell scripts, and the code that renders them."""
