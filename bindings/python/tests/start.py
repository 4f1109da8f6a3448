"""A client, from nothing to its first requests: what docs/python.md shows."""

import pathlib
import tempfile
import time

import comity
from comity import Client, ComityError, NewRoom, Opening, Supported


def now():
    return int(time.time() * 1000)


# ANCHOR: take
def take(step):
    """Here an app posts each request to its server, and hands the reply to `client.answer`."""
    for request in step.requests:
        print(f"to {request.to}: {request.kind.name}, {len(request.body)} octets")
# ANCHOR_END: take


def main(folder):
    # ANCHOR: create
    key = bytes(range(32))  # An app draws it, and keeps it in the system's keystore.
    opening = Opening.app(str(folder / "alice.comity"), key)
    client = Client.create(now(), opening, "mimi://a.example/u/alice", "mimi://a.example/d/alice-desk")
    # ANCHOR_END: create

    # ANCHOR: advertise
    # Say what this app can show: what every MIMI client can, and HTML.
    html = Supported(media=comity.baseline() + ["text/html;charset=utf-8"], languages=["en"])
    take(client.advertise(now(), html))
    # ANCHOR_END: advertise

    # The hub's key is in its provider's directory.
    lunch = NewRoom(hub_key=bytes(32), name="Lunch")
    take(client.create_room(now(), "mimi://a.example/r/lunch", lunch))
    client.close()

    # ANCHOR: outstanding
    with Client.open(now(), opening) as client:
        reader = client.reader()
        for request in reader.outstanding(None, 100):
            print(f"still to post: {request.kind.name}")
    # ANCHOR_END: outstanding
        # ANCHOR: errors
        try:
            reader.room("mimi://a.example/r/dinner")
        except ComityError.Misuse as error:
            print(f"{error.code.value} {error.name}: {error}")
        # ANCHOR_END: errors


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(pathlib.Path(folder))
