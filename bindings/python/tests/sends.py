"""How long a `send` takes in Python, turn by turn: `sends.py --folder DIR`, driven by `cargo xtask bench faces`. The lines that come
and go are those of crates/ffi-test/src/bin/sends.rs."""

import json
import pathlib
import statistics
import sys
from time import perf_counter_ns

import comity_test
from comity import Allow, Client, NewRoom, Opening, outgoing_text

NOW = 1_790_000_000_000
ALICE = "mimi://a.example/u/alice"
PHONE = "mimi://a.example/d/alice-phone"
LUNCH = "mimi://a.example/r/lunch"


class Lunch:
    """A client alone in its room."""

    def __init__(self, folder):
        self.network = comity_test.Network()
        self.network.register(ALICE, PHONE)
        opening = Opening.app(str(folder / "alice.comity"), bytes([7] * 32))
        self.client = Client.create(NOW, opening, ALICE, PHONE)
        self.reader = self.client.reader()
        room = NewRoom(hub_key=self.network.hub_key("mimi://a.example"), name="Lunch")
        self.post(self.client.create_room(NOW, LUNCH, room))

    def turn(self, octets, times):
        """The middle one of each thing that is measured."""
        text, took = "x" * octets, {}
        for _ in range(times):
            for name, nanos in self.send(text) | self.ask():
                took.setdefault(name, []).append(nanos)
        return {name: round(statistics.median(nanos)) for name, nanos in took.items()}

    def send(self, text):
        """Sends, and has it accepted."""
        begun = perf_counter_ns()
        outgoing = outgoing_text(text)
        made = perf_counter_ns()
        step = self.client.send(NOW, LUNCH, outgoing, Allow())
        sent = perf_counter_ns()
        self.post(step)
        return {("send", sent - begun), ("text", made - begun), ("call", sent - made)}

    def ask(self):
        begun = perf_counter_ns()
        self.client.restored()
        idle = perf_counter_ns()
        assert self.reader.task("00" * 16) is None
        return {("nothing", idle - begun), ("query", perf_counter_ns() - idle)}

    def post(self, step):
        requests = list(step.requests)
        while requests:
            request = requests.pop()
            answer = self.network.post(NOW, ALICE, PHONE, request)
            requests += self.client.answer(NOW, request.id, answer).requests


def main():
    folder = pathlib.Path(sys.argv[sys.argv.index("--folder") + 1])
    lunch = Lunch(folder)
    for line in sys.stdin:
        octets, times = line.split()
        print(json.dumps(lunch.turn(int(octets), int(times))), flush=True)


main()
