"""What an application costs, from the button on the confirming page to the points (`python -m bench.apply`)."""
