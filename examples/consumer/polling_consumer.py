#!/usr/bin/python3
"""Polls its control queue once a second between batches, as published MS2M consumers do."""

import callback_consumer

if __name__ == "__main__":
    callback_consumer.main(control=True)
