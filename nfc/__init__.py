"""My Number card reading: APDU procedures without I/O, transports, and the checks a relying service needs.

The package stands alone. Bytes go in and out through `nfc.transports`; everything else is pure computation.
"""
