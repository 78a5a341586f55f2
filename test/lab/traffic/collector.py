#!/usr/bin/python3
"""collector.py FD LOG: writes the effect reports that come to the inherited UDP socket."""

import socket
import sys

import effects_log

if __name__ == "__main__":
    effects_log.collect(socket.socket(fileno=int(sys.argv[1])), sys.argv[2])
