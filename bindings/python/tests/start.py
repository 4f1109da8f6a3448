"""A client, from nothing to a room with a message in it: what docs/python.md shows. Nobody answers here."""

import pathlib
import tempfile
import time

import comity
from comity import (
    Allow,
    Batch,
    Body,
    Change,
    Client,
    ComityError,
    EventKind,
    Frame,
    FrameKind,
    NewRoom,
    Opening,
    Outgoing,
    Response,
    RoomChange,
    Supported,
)

ROOM = "mimi://a.example/r/lunch"


def now():
    return int(time.time() * 1000)


# ANCHOR: app
class App:
    def __init__(self, client):
        self.client, self.reader = client, client.reader()
        # What this app can show: what every MIMI client can, and HTML.
        self.supported = Supported(media=comity.baseline() + ["text/html;charset=utf-8"], languages=["en"])

    def take(self, step):
        """Here an app posts each request to its server, and hands the reply to `client.answer`: a step again."""
        for request in step.requests:
            print(f"to {request.to}: {request.kind.name}, {len(request.body)} octets")
        for event in step.events:
            match event.kind:
                case EventKind.ROOM(room=room, change=RoomChange.INVITED()):
                    self.take(self.client.respond(now(), room, Response.ACCEPT))
                case EventKind.MESSAGE(message=id):  # Received, sent, edited, expired: the reader knows what it is now.
                    self.show(id)

    def show(self, id):
        """Of a message's alternatives those that this app can show, and is meant to."""
        message = self.reader.message(now(), id)
        if message is not None and message.octets is not None:
            for chosen in comity.select(message.octets, self.supported).chosen:
                match chosen.part.body:
                    case Body.SINGLE(single=said):
                        print(f"{message.sender}: {said.content.decode()}")
                    case Body.EXTERNAL(external=file):
                        print(f"{message.sender} sent {comity.safe_file_name(file.filename)}, {file.size} octets")

    def arrived(self, frames):
        """Takes frames in the order in which they came."""
        while frames:
            step = self.client.receive(now(), Batch(frames=frames))
            frames = frames[len(step.frames):]
            self.take(step)
# ANCHOR_END: app


def main(folder):
    # ANCHOR: create
    key = bytes(range(32))  # An app draws it, and keeps it in the system's keystore.
    opening = Opening.app(str(folder / "alice.comity"), key)
    client = Client.create(now(), opening, "mimi://a.example/u/alice", "mimi://a.example/d/alice-desk")
    # ANCHOR_END: create

    # ANCHOR: advertise
    app = App(client)
    app.take(client.advertise(now(), app.supported))
    # ANCHOR_END: advertise

    # ANCHOR: room
    # The hub's key is in its provider's directory.
    app.take(client.create_room(now(), ROOM, NewRoom(hub_key=bytes(32), name="Lunch")))
    # Bob's key packages are fetched, and he is added, as the hub answers.
    app.take(client.change(now(), ROOM, [Change.INVITE(user="mimi://b.example/u/bob")]))
    # ANCHOR_END: room

    # ANCHOR: send
    # The same thing twice, the richest form first: each client is sent what it can show.
    lunch = Outgoing(alternatives=[comity.part_html("<b>Lunch</b>?"), comity.part_markdown("**Lunch**?")])
    app.take(client.send(now(), ROOM, lunch, Allow()))
    # ANCHOR_END: send

    # ANCHOR: arrived
    # `provider`: from whose hub it came, as the app's server has authenticated it.
    app.arrived([Frame(room=None, provider="mimi://b.example", kind=FrameKind.FANOUT, bytes=b"no frame")])
    # ANCHOR_END: arrived
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
