"""What is shown, as pure functions over plain data: nothing here knows a terminal, a thread or a clock."""
