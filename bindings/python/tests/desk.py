"""What several tests need: a client in a folder of its own."""

import pathlib
import tempfile
import unittest

from comity import Client, Opening

NOW = 1_800_000_000_000
ROOM = "mimi://a.example/r/lunch"
KEY = bytes([7] * 32)


class Desk(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = str(pathlib.Path(self.folder.name) / "alice.comity")
        self.opening = Opening.app(self.path, KEY)

    def create(self):
        client = Client.create(NOW, self.opening, "mimi://a.example/u/alice", "mimi://a.example/d/alice-phone")
        self.addCleanup(client.close)
        return client
