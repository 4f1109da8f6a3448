"""Every error that a call can come to, one by one; every reason, every event; a panic."""

import unittest

import comity
import comity_test
from comity import Advice, Client, ClientChange, Code, ComityError, EventKind, MessageChange, RoomChange
from desk import NOW, Desk

# By the numbers, which never change: the case that says who must act, the code in words, what helps.
ERRORS = {
    100: ("Misuse", "no_such_room", Advice.FIX_PROGRAM),
    101: ("Misuse", "no_such_message", Advice.FIX_PROGRAM),
    102: ("Misuse", "room_exists", Advice.FIX_PROGRAM),
    103: ("Misuse", "outgoing_malformed", Advice.FIX_PROGRAM),
    104: ("Misuse", "outgoing_language", Advice.FIX_PROGRAM),
    105: ("Misuse", "changes_contradict", Advice.FIX_PROGRAM),
    106: ("Misuse", "not_invited", Advice.FIX_PROGRAM),
    107: ("Misuse", "not_resolvable", Advice.FIX_PROGRAM),
    108: ("Misuse", "foreign_identity", Advice.FIX_PROGRAM),
    109: ("Misuse", "too_long", Advice.FIX_PROGRAM),
    110: ("Misuse", "extension_may_not", Advice.FIX_PROGRAM),
    111: ("Misuse", "hub_key_malformed", Advice.FIX_PROGRAM),
    200: ("Blocked", "cannot_read", Advice.NONE),
    201: ("Blocked", "trust_broken", Advice.VERIFY),
    202: ("Blocked", "not_allowed", Advice.NONE),
    203: ("Blocked", "not_joined", Advice.NONE),
    204: ("Blocked", "stalled", Advice.REJOIN),
    205: ("Blocked", "rooms_require", Advice.NONE),
    300: ("Busy", "busy", Advice.RETRY),
    301: ("Paused", "paused", Advice.FIX_PROGRAM),
    400: ("Storage", "storage_full", Advice.FREE_SPACE),
    401: ("Storage", "storage_locked", Advice.RETRY),
    402: ("Storage", "storage_wrong_key", Advice.FIX_PROGRAM),
    403: ("Storage", "storage_corrupt", Advice.RELINK),
    404: ("Storage", "storage_from_the_future", Advice.UPDATE_APP),
    405: ("Storage", "storage_needs_app", Advice.OPEN_APP),
    406: ("Storage", "storage_not_a_database", Advice.RELINK),
    407: ("Storage", "storage_foreign", Advice.FIX_PROGRAM),
    408: ("Storage", "storage_missing", Advice.FIX_PROGRAM),
    409: ("Storage", "storage_exists", Advice.FIX_PROGRAM),
    410: ("Storage", "storage_io", Advice.RETRY),
    411: ("Storage", "storage_interrupted", Advice.RETRY),
    412: ("Storage", "storage_poisoned", Advice.RETRY),
    413: ("Storage", "storage_altered", Advice.RELINK),
    499: ("Storage", "storage_bug", Advice.FIX_PROGRAM),
    900: ("Bug", "bug", Advice.FIX_PROGRAM),
    1000: ("Misuse", "null_argument", Advice.FIX_PROGRAM),
    1001: ("Misuse", "invalid_utf8", Advice.FIX_PROGRAM),
    1002: ("Misuse", "invalid_argument", Advice.FIX_PROGRAM),
    1003: ("Misuse", "concurrent_use", Advice.FIX_PROGRAM),
    1004: ("Bug", "panicked", Advice.FIX_PROGRAM),
    4000: ("Attachment", "attachment_too_large", Advice.NONE),
    4001: ("Attachment", "attachment_over_limit", Advice.NONE),
    4002: ("Attachment", "attachment_url", Advice.NONE),
    4003: ("Attachment", "attachment_changed", Advice.NONE),
    4004: ("Attachment", "attachment_unknown_encryption", Advice.NONE),
    4005: ("Attachment", "attachment_key_without_encryption", Advice.NONE),
    4006: ("Attachment", "attachment_key_length", Advice.NONE),
    4007: ("Attachment", "attachment_nonce_length", Advice.NONE),
    4008: ("Attachment", "attachment_size_mismatch", Advice.NONE),
    4009: ("Attachment", "attachment_hash_mismatch", Advice.NONE),
    4010: ("Attachment", "attachment_tag_mismatch", Advice.NONE),
}

# Why a frame is rejected (2000 on), why a hub refuses (3000 on).
REASONS = {
    2000: "frame_malformed",
    2001: "frame_too_large",
    2002: "frame_unsupported",
    2003: "not_a_frame",
    2004: "unknown_room",
    2005: "wrong_room",
    2006: "foreign_hub",
    2007: "epoch_too_old",
    2008: "epoch_never_came",
    2009: "duplicate",
    2010: "generation_too_old",
    2011: "generation_too_far",
    2012: "undecryptable",
    2013: "bad_signature",
    2014: "not_from_member",
    2015: "missing_proposal",
    2016: "forked",
    2017: "own_commit_lost",
    2018: "expired_leaf",
    2019: "room_stalled",
    2020: "evicted",
    2021: "wrong_wire_format",
    2022: "invalid_commit",
    2023: "invalid_proposal",
    2024: "planted",
    2025: "welcome_for_nobody",
    2026: "invalid_welcome",
    2027: "already_joined",
    2028: "bad_framing",
    2029: "planted",
    2030: "content_contradicts",
    2031: "bad_timestamp",
    3000: "wrong_epoch",
    3001: "epoch_too_old",
    3002: "not_allowed",
    3003: "invalid_proposal",
    3004: "undeliverable",
    3005: "bad_answer",
}


def fault_of(number):
    try:
        comity_test.fail(number)
    except ComityError as error:
        return error
    raise AssertionError(f"{number} did not fail")


class Errors(Desk):
    def test_every_error_has_its_case_number_name_and_advice(self):
        self.assertEqual(sorted(comity_test.failures()), sorted(ERRORS))
        for number, (case, name, advice) in ERRORS.items():
            with self.subTest(number=number):
                error = fault_of(number)
                self.assertIsInstance(error, getattr(ComityError, case))
                self.assertEqual((error.code.value, error.name, error.advice), (number, name, advice))
                self.assertEqual(error.code.name, "OUTGOING_PART" if number == 104 else name.upper())
                self.assertTrue(error.fault.message)
                self.assertIn(name, str(error))

    def test_errors_name_whom_and_what_they_are_about(self):
        users = ["mimi://a.example/u/alice", "mimi://a.example/u/bob"]
        for number in ERRORS:
            error = fault_of(number)
            self.assertEqual(error.users, users if number in (200, 201) else [])
            self.assertEqual(error.rooms, ["mimi://a.example/r/lunch"] if number == 205 else [])
            self.assertEqual(error.detail is not None, number in (202, 1002))
            self.assertNotIn("alice", str(error), "names are for the person, not for logs")

    def test_every_code_is_an_error_or_a_reason(self):
        self.assertEqual({code.value for code in Code}, set(ERRORS) | set(REASONS))

    def test_every_reason_has_its_number_and_name(self):
        reasons = {reason.code.value: reason for reason in comity_test.reasons()}
        self.assertEqual({number: reason.name for number, reason in reasons.items()}, REASONS)
        for number, reason in reasons.items():
            refused = "REFUSED_" if number >= 3000 else ""
            words = {2024: "VIOLATION", 2029: "BAD_CONTENT"}.get(number, refused + reason.name.upper())
            self.assertEqual(reason.code.name, words)
        self.assertEqual([n for n, reason in reasons.items() if reason.detail == "planted"], [3002])

    def test_every_advice_has_its_number(self):
        names = "none wait retry fetch rejoin ask_resend verify open_app free_space relink update_app fix_program"
        self.assertEqual([advice.name.lower() for advice in Advice], names.split())
        self.assertEqual([advice.value for advice in Advice], list(range(12)))

    def test_a_panic_ends_at_the_border_and_its_client_is_unusable_and_its_file_is_not(self):
        client = self.create()
        reader = client.reader()
        for call in (lambda: comity_test.panic_within(client), lambda: client.wake(NOW), client.twin):
            with self.assertRaises(ComityError.Bug) as raised:
                call()
            self.assertEqual(raised.exception.code, Code.PANICKED)
        self.assertEqual(reader.rooms(NOW), [])
        with self.assertRaises(ComityError.Bug):
            client.close_file()
        client = Client.open(NOW, self.opening)
        client.wake(NOW)
        client.close()

    def test_a_panic_in_whatever_can_be_called_is_an_error(self):
        client = self.create()
        reader = client.reader()
        sealers = [comity.Sealer(comity.Algorithm.AES128_GCM) for _ in range(2)]
        part = comity.seal(b"x").part
        receipts = comity.Receipts()
        calls = {
            "a function": lambda: comity.markdown_to_html("x"),
            "a function with a value": lambda: comity.readable(comity.part_text("x"), []),
            "a function with octets": lambda: comity.classify(b"x"),
            "a function that knows the clock": lambda: comity.is_available(part, NOW),
            "a function that may find nothing": lambda: comity.safe_file_name("x"),
            "a constructor": lambda: comity.Sealer(comity.Algorithm.AES128_GCM),
            "a named constructor": lambda: comity.Opening.app("x", bytes(32)),
            "a method": lambda: sealers[0].update(b"x"),
            "a method that ends an object": lambda: sealers[1].finish(),
            "a method behind a lock": lambda: receipts.about("01" * 32),
            "a query": lambda: reader.rooms(NOW),
            "who it is": reader.identity,
            "a static function": lambda: comity.wipe("x"),
        }
        for what, call in calls.items():
            with self.subTest(what):
                comity_test.plant_panic()
                with self.assertRaises(ComityError.Bug) as raised:
                    call()
                self.assertEqual(raised.exception.code, Code.PANICKED)
        self.assertEqual((reader.rooms(NOW), receipts.about("01" * 32)), ([], []))
        client.close()

    def test_a_panic_as_an_object_ends_stays_where_it_is(self):
        client = self.create()
        reader = comity.Reader.open(self.opening)
        self.assertEqual(reader.rooms(NOW), [])
        comity_test.plant_panic()
        del reader
        self.assertIn("x", comity.markdown_to_html("x"), "it went off when the reader went")
        client.close()

    def test_a_panic_outside_of_a_client_is_an_internal_error(self):
        with self.assertRaises(comity_test.InternalError):
            comity_test.panics()


class Events(unittest.TestCase):
    def test_every_event_arrives_as_what_it_is(self):
        events = comity_test.events()
        self.assertEqual([event.seq for event in events], list(range(1, len(events) + 1)))
        changes = {type(event.kind.change) for event in events if event.kind.is_MESSAGE()}
        self.assertEqual(changes, variants(MessageChange))
        changes = {type(event.kind.change) for event in events if event.kind.is_ROOM()}
        self.assertEqual(changes, variants(RoomChange))
        changes = {type(event.kind.change) for event in events if event.kind.is_CLIENT()}
        self.assertEqual(changes, variants(ClientChange))
        self.assertEqual({type(event.kind) for event in events}, variants(EventKind))

    def test_events_carry_what_they_are_about(self):
        (invited,) = [e.kind for e in comity_test.events() if e.kind.is_ROOM() and e.kind.change.is_INVITED()]
        self.assertEqual(invited.room, "mimi://a.example/r/lunch")
        self.assertEqual(invited.change.by, "mimi://a.example/u/alice")
        (suspect,) = [e.kind for e in comity_test.events() if e.kind.is_CLIENT() and e.kind.change.is_CLOCK_SUSPECT()]
        self.assertEqual((suspect.change.offset_ms, suspect.advice), (-1, Advice.WAIT))
        frames = [e.kind for e in comity_test.events() if e.kind.is_FRAME()]
        self.assertEqual([frame.room for frame in frames], [None, "mimi://a.example/r/lunch"])
        self.assertEqual({frame.reason.code for frame in frames}, {Code.UNDECRYPTABLE})

    def test_an_event_without_a_text_or_key_prints_what_it_is(self):
        self.assertIn("MessageChange.RECEIVED", repr(comity_test.events()[0]))


def variants(enumeration):
    """The cases of an enumeration but for what a later version may add."""
    cases = {name: case for name, case in vars(enumeration).items() if isinstance(case, type)}
    return {case for name, case in cases.items() if name != "OTHER"}


if __name__ == "__main__":
    unittest.main()
