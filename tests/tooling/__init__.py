"""The tools around the code: set-up, locks, the test command, the wheel, the documents."""
