"""Where the lab keeps what the traffic tools need."""

import os
import urllib.parse

SOURCE_DIR = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
LAB = os.environ.get("MS2M_LAB_DIR", "/var/lib/ms2m-lab")
STATE_DIR = os.path.join(LAB, "traffic")
OPERATOR_IP = "198.18.0.1"
REGISTRY = "registry:5000/ms2m"  # as the nodes know it
NAMESPACE = "default"


class Failure(Exception):
    """Ends a command with its text, which begins with one line that says it all, and exit status 2."""


class NoRoom(Failure):
    """Known before anything was begun: exit status 4."""


def read(*path):
    try:
        with open(os.path.join(LAB, *path), encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        raise Failure(f"the lab is not up: {error}") from None


def broker_uri(tls=False):
    uri = read("broker", "uri").strip()
    if not tls:
        return uri
    parts = urllib.parse.urlsplit(uri)
    credentials, _, host = parts.netloc.rpartition("@")
    host = host.rpartition(":")[0] or host
    return parts._replace(scheme="amqps", netloc=f"{credentials}@{host}:5671").geturl()


def broker_credentials():
    parts = urllib.parse.urlsplit(read("broker", "uri").strip())
    return parts.hostname, urllib.parse.unquote(parts.username), urllib.parse.unquote(parts.password)


def ca_pem():
    return read("pki", "ca.crt")
