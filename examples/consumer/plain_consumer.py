#!/usr/bin/python3
"""Knows nothing of migrations: for `ms2m migrate --protocol none`."""

import callback_consumer

if __name__ == "__main__":
    callback_consumer.main(control=False)
