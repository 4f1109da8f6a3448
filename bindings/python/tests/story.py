"""The story that every language tells; see crates/ffi-test/src/story.rs. `story.py --seed N --names a,b` prints its facts."""

import argparse
import enum
import pathlib
import tempfile
import time

import comity
import comity_test
from comity import (
    Allow,
    Answer,
    Batch,
    Body,
    Change,
    Client,
    ComityError,
    Disposition,
    Expiration,
    FrameOutcome,
    Made,
    NewRoom,
    Opening,
    Outgoing,
    Page,
    Response,
    Supported,
)

ROOM = "mimi://a.example/r/lunch"
VIDEO = "video/mp4"
HTML = "text/html;charset=utf-8"


def basic():
    """What MIMI requires of every client, and films."""
    return Supported(media=comity.baseline() + [VIDEO], languages=[])


def enhanced():
    """HTML too."""
    return Supported(media=comity.baseline() + [VIDEO, HTML], languages=[])


class World:
    """The network, the time, and what has been told."""

    def __init__(self, tell):
        self.network = comity_test.Network()
        self.now = int(time.time() * 1000)
        self.tell = tell

    def tell_step(self, name, step):
        for event in step.events:
            message = f" {event.kind.message}" if event.kind.is_MESSAGE() else ""
            self.tell(f"{name} event {event.seq} {event_name(event)}{message}")
        for outcome in step.frames:
            self.tell(f"{name} frame {outcome_words(outcome)}")
        self.tell(f"{name} requests {len(step.requests)}")

    def tell_error(self, error):
        self.tell(f"error {error.code.value} {error.name}, advice {error.advice.value}")
        for user in error.users:
            self.tell(f"error user {user}")


def true(value):
    """As Rust writes it."""
    return "true" if value else "false"


def event_name(event):
    """The names of the C header's `comity_event_kind`, in small letters."""
    kind = variant(event.kind)
    return "frame_rejected" if kind == "frame" else f"{kind}_{variant(event.kind.change)}"


def variant(value):
    name = value.name if isinstance(value, enum.Enum) else type(value).__name__
    return name.split(".")[-1].lower()


def outcome_words(outcome):
    match outcome:
        case FrameOutcome.DONE(notify=notify):
            return f"done, notify {true(notify)}"
        case FrameOutcome.KNOWN(notify=notify):
            return f"known, notify {true(notify)}"
        case FrameOutcome.HELD():
            return "held"
        case FrameOutcome.REJECTED(reason=reason, advice=advice):
            return f"rejected {reason.code.value} {reason.name}, advice {advice.value}"
        case _:
            return "?"


class App:
    """What an app brings along."""

    def __init__(self, world, folder, provider, name):
        self.world, self.name = world, name
        self.user = f"mimi://{provider}/u/{name}"
        self.id = f"mimi://{provider}/d/{name}-phone"
        self.path = str(folder / f"{provider}.comity")
        self.taken = 0
        self.client = Client.create(world.now, self.opening(7), self.user, self.id)
        world.network.register(self.user, self.id)
        world.tell(f"created {self.id}")

    def opening(self, octet):
        return Opening.app(self.path, bytes([octet] * 32))

    def does(self, step):
        """Posts what a step asks for, and feeds the answers back until nothing is left to post."""
        self.world.tell_step(self.name, step)
        self.posts(step.requests)

    def posts(self, requests):
        waiting = list(requests)
        while waiting:
            request = waiting.pop(0)
            answer = self.world.network.post(self.world.now, self.user, self.id, request)
            match answer:
                case Answer.BODY():
                    self.world.tell("answered")
                case Answer.UNREACHABLE():
                    self.world.tell("unreachable")
                case _:
                    self.world.tell("undeliverable")
            step = self.client.answer(self.world.now, request.id, answer)
            self.world.tell_step(self.name, step)
            waiting += step.requests

    def plans(self, outgoing):
        plan = self.client.reader().plan(ROOM, outgoing)
        self.world.tell(f"sends {len(plan.sends)} alternatives")
        for reach in plan.reach:
            sees = "none" if reach.sees is None else reach.sees
            self.world.tell(f"reach {reach.client} {sees}")

    def sends(self, outgoing):
        step = self.client.send(self.world.now, ROOM, outgoing, Allow())
        assert isinstance(step.made, Made.MESSAGE)
        self.world.tell(f"message {step.made.id}")
        self.does(step)
        return step.made.id

    def mail(self):
        """The frames that were not taken yet."""
        return self.world.network.mail(self.id, self.taken)

    def takes_mail(self):
        frames = self.mail()
        self.taken += len(frames)
        self.receives(frames)

    def receives(self, frames):
        self.does(self.client.receive(self.world.now, Batch(frames=frames)))

    def latest(self):
        (message,) = self.client.reader().timeline(self.world.now, ROOM, Page.LATEST(limit=1))
        return message

    def message(self, id):
        return self.client.reader().message(self.world.now, id)

    def reads(self, supported):
        """Everything that the person sees."""
        for message in self.client.reader().timeline(self.world.now, ROOM, Page.LATEST(limit=100)):
            if message.content is None:
                continue
            edited = " (edited)" if message.edits else ""
            selection = comity.select(message.octets, supported)
            others = len(selection.passed_over)
            for chosen in selection.chosen:
                self.world.tell(f"{self.name} sees {says(chosen.part)}{edited}, {others} others")
            for leaf in selection.unsupported:
                self.world.tell(f"{self.name} cannot see part {leaf.index}")


def says(part):
    match part.body:
        case Body.SINGLE(single=single):
            return single.content.decode()
        case Body.EXTERNAL(external=external):
            return f"[{external.filename}]"
        case _:
            return "?"


def meet(world, alice, bob):
    """Key packages, a room, an invitation."""
    world.tell("meet")
    alice.does(alice.client.advertise(world.now, enhanced()))
    bob.does(bob.client.advertise(world.now, basic()))
    lunch = NewRoom(hub_key=world.network.hub_key("mimi://a.example"), name="Lunch")
    alice.does(alice.client.create_room(world.now, ROOM, lunch))
    alice.does(alice.client.change(world.now, ROOM, [Change.INVITE(user=bob.user)]))
    bob.takes_mail()
    bob.does(bob.client.respond(world.now, ROOM, Response.ACCEPT))
    alice.takes_mail()


def talk(world, alice, bob):
    """A message that is read in two ways, and one that somebody could not read."""
    world.tell("talk")
    hello = Outgoing(alternatives=[comity.part_html("<p>Hello, <b>you</b>!</p>"), comity.part_text("Hello, you!")])
    alice.plans(hello)
    id = alice.sends(hello)
    bob.takes_mail()
    bob.reads(basic())
    only = Outgoing(alternatives=[comity.part_html("<p>Only for some</p>")])
    try:
        alice.client.send(world.now, ROOM, only, Allow())
        raise AssertionError("a message that nobody could read was sent")
    except ComityError.Blocked as error:
        world.tell_error(error)
    return id


def attach(world, alice, bob):
    """A file that lies elsewhere; one that was changed on the way."""
    world.tell("attach")
    film = bytes(at % 256 for at in range(100_000))
    sealed = comity.seal(film)
    part = comity.part_attachment(
        sealed.part, Disposition.ATTACHMENT(), VIDEO, "https://a.example/film", filename="film.mp4"
    )
    alice.sends(Outgoing(alternatives=[part]))
    bob.takes_mail()
    there = bob.latest().content.part.body.external
    opened = comity.open(there, sealed.ciphertext)
    same, checked = true(opened.plaintext == film), true(opened.hash_checked)
    world.tell(f"opened {len(opened.plaintext)} octets, same {same}, hash checked {checked}")
    changed = bytearray(sealed.ciphertext)
    changed[5] ^= 1
    try:
        comity.open(there, bytes(changed))
        raise AssertionError("a changed attachment was opened")
    except ComityError.Attachment as error:
        world.tell(f"not opened: {error.name}")


def edit_and_react(world, alice, bob, first):
    world.tell("edit")
    alice.sends(Outgoing(alternatives=[comity.part_text("Hello again!")], replaces=first))
    bob.takes_mail()
    bob.sends(comity.outgoing_reaction(first, "\U0001f355"))
    alice.takes_mail()
    for reaction in alice.message(first).reactions:
        world.tell(f"reaction {' '.join(reaction.text)} by {reaction.by}")
    bob.reads(basic())


def vanish(world, alice, bob):
    """A message that vanishes a minute after it was read."""
    world.tell("vanish")
    secret = [comity.part_text("Burn this")]
    id = alice.sends(Outgoing(alternatives=secret, expires=Expiration.RELATIVE(seconds=60)))
    bob.takes_mail()
    bob.does(bob.client.read(world.now, ROOM, bob.latest().position))
    world.tell(f"there: {true(bob.message(id))}")
    world.now += 61_000
    world.tell(f"there: {true(bob.message(id))}")
    bob.does(bob.client.wake(world.now))


def upgrade(world, alice, bob):
    """Bob's app learns to show HTML."""
    world.tell("upgrade")
    bob.does(bob.client.advertise(world.now, enhanced()))
    alice.takes_mail()
    hello = Outgoing(alternatives=[comity.part_html("<p>See?</p>"), comity.part_text("See?")])
    alice.plans(hello)
    alice.sends(hello)
    bob.takes_mail()
    bob.reads(enhanced())


def tamper(world, alice, bob):
    """A frame with one flipped bit, then the frame itself."""
    world.tell("tamper")
    alice.sends(comity.outgoing_text("Still me"))
    frame = bob.mail()[0]
    octets = bytearray(frame.bytes)
    octets[200] ^= 1
    frame.bytes = bytes(octets)
    bob.receives([frame])
    bob.takes_mail()


def restart(world, alice, bob):
    """The process ends between a step and its requests, and is started again."""
    world.tell("restart")
    step = alice.client.send(world.now, ROOM, comity.outgoing_text("Before the restart"), Allow())
    world.tell_step(alice.name, step)
    alice.client.close()
    try:
        Client.open(world.now, alice.opening(8))
        raise AssertionError("a wrong key opened the file")
    except ComityError.Storage as error:
        world.tell_error(error)
    alice.client = Client.open(world.now, alice.opening(7))
    requests = alice.client.reader().outstanding(None, 100)
    world.tell(f"outstanding {len(requests)}")
    alice.posts(requests)
    bob.takes_mail()
    bob.receives(world.network.mail(bob.id, bob.taken - 1))
    bob.reads(enhanced())
    health = bob.client.reader().health()
    world.tell(f"messages {health.messages}, damage {health.damage or 'none'}")


def story(seed, names, tell):
    comity_test.seed(seed)
    first, second = names.split(",")
    with tempfile.TemporaryDirectory() as folder:
        world = World(tell)
        alice = App(world, pathlib.Path(folder), "a.example", first)
        bob = App(world, pathlib.Path(folder), "b.example", second)
        meet(world, alice, bob)
        said = talk(world, alice, bob)
        attach(world, alice, bob)
        edit_and_react(world, alice, bob, said)
        vanish(world, alice, bob)
        upgrade(world, alice, bob)
        tamper(world, alice, bob)
        restart(world, alice, bob)
        alice.client.close()
        bob.client.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", default="1")
    parser.add_argument("--names", default="alice,bob")
    arguments = parser.parse_args()
    story(arguments.seed, arguments.names, print)
