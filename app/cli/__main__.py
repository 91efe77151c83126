"""`python -m app.cli`, for child processes that must run the same installation."""

from app.cli import main

main()
