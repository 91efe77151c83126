"""The reader agent: a local program beside the card reader, with a keypad page of its own.

It takes card sessions from the service over HTTPS, asks for the PINs on its own page (they never leave this process
except into the card), reads the card through `nfc`, and posts the result signed with its device key.
"""
