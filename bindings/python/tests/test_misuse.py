"""What a program should not do: an error with a code, or the one that Python has for it. Never a crash."""

import copy
import pickle
import threading
import time
import unittest

import comity
import comity_test
from comity import (
    Allow,
    Answer,
    Batch,
    Body,
    Change,
    Client,
    Code,
    ComityError,
    Disposition,
    Frame,
    FrameKind,
    FrameOutcome,
    NewRoom,
    Opening,
    Outgoing,
    Page,
    Part,
    PartSemantics,
    Position,
    Response,
    Supported,
    Witnesses,
)
from desk import KEY, NOW, ROOM, Desk

USER, CLIENT = "mimi://a.example/u/alice", "mimi://a.example/d/alice-phone"


class Misuse(Desk):
    def misused(self, code, detail, call, *arguments, **named):
        with self.assertRaises(ComityError.Misuse) as raised:
            call(*arguments, **named)
        self.assertEqual((raised.exception.code, raised.exception.detail), (code, detail))

    def invalid(self, detail, call, *arguments, **named):
        self.misused(Code.INVALID_ARGUMENT, detail, call, *arguments, **named)

    def test_keys_and_twins_have_their_lengths(self):
        client = self.create()
        for key in (b"", KEY[1:], KEY + b"\0"):
            self.invalid("key_length", Opening.app, self.path, key)
            self.invalid("key_length", Opening.extension, self.path, key)
            self.invalid("key_length", client.rekey, key)
        self.invalid("twin_length", self.opening.witnessed, Witnesses(twin=b"short", last_request=None))

    def test_names_and_ids_are_checked_wherever_they_stand(self):
        client = self.create()
        reader = client.reader()
        self.invalid("uri_scheme", Client.create, NOW, self.opening, "alice", CLIENT)
        self.invalid("uri_scheme", client.respond, NOW, "", Response.ACCEPT)
        self.invalid("uri_kind", reader.room, USER)
        self.invalid("uri_scheme", client.change, NOW, ROOM, [Change.INVITE(user="https://a.example")])
        frame = Frame(room=None, provider="nobody", kind=FrameKind.FANOUT, bytes=b"")
        self.invalid("uri_scheme", client.receive, NOW, Batch(frames=[frame]))
        for id in ("", "00", "zz" * 32, "02" * 32, "01" * 33):
            with self.assertRaises(ComityError.Misuse) as raised:
                reader.message(NOW, id)
            self.assertEqual(raised.exception.code, Code.INVALID_ARGUMENT)
        self.invalid("id_length", reader.task, "00")
        self.invalid("id_digits", client.answer, NOW, "x" * 32, Answer.UNDELIVERABLE())

    def test_media_types_are_checked(self):
        client = self.create()
        for media in (["html"], [""], ["text/plain", "text/"]):
            with self.assertRaises(ComityError.Misuse) as raised:
                client.advertise(NOW, Supported(media=media, languages=[]))
            self.assertEqual(raised.exception.code, Code.INVALID_ARGUMENT)

    def test_what_is_none_or_of_another_type_is_told_as_python_does(self):
        client = self.create()
        reader = client.reader()
        for call in (
            lambda: Opening.app(None, KEY),
            lambda: Opening.app(self.path, None),
            lambda: Opening.app(self.path, "k" * 32),
            lambda: client.wake(None),
            lambda: client.wake("now"),
            lambda: client.send(NOW, None, comity.outgoing_text("x"), Allow()),
            lambda: client.receive(NOW, Batch(frames=[Frame(room=None, provider=USER, kind=FrameKind.FANOUT, bytes=None)])),
            lambda: reader.message(NOW, 7),
            lambda: comity.part_text(b"octets"),
        ):
            with self.assertRaises(TypeError):
                call()
        with self.assertRaises(AttributeError):
            client.send(NOW, ROOM, None, Allow())

    def test_numbers_that_do_not_fit_are_told(self):
        client = self.create()
        for call in (
            lambda: client.wake(-1),
            lambda: client.wake(2**64),
            lambda: client.restock(NOW, 2**32),
            lambda: client.read(NOW, ROOM, Position(at=2**63, tie=0)),
        ):
            with self.assertRaises(ValueError):
                call()

    def test_texts_that_are_not_utf8_are_told(self):
        with self.assertRaises(UnicodeEncodeError):
            comity.part_text("half a pair: \ud800")
        with self.assertRaises(UnicodeEncodeError):
            self.create().create_room(NOW, ROOM, NewRoom(hub_key=bytes(32), name="\udfff"))
        self.assertEqual(comity_test.echo_text("null\0, \U0001f355, \u0000"), "null\0, \U0001f355, \u0000")

    def test_parts_without_end_are_told(self):
        text = comity.part_text("x")
        self.invalid("part_too_few_parts", comity.part_multi, Disposition.RENDER(), PartSemantics.CHOOSE_ONE, [text])

        def nested(levels):
            part = text
            for _ in range(levels):
                body = Body.MULTI(semantics=PartSemantics.PROCESS_ALL, parts=[part, text])
                part = Part(disposition=Disposition.RENDER(), body=body)
            return part

        self.assertTrue(comity.readable(nested(3), comity.baseline()))
        for levels in (4, 5, 6, 50):
            with self.assertRaises(ComityError.Misuse) as raised:
                comity.readable(nested(levels), comity.baseline())
            self.assertEqual(raised.exception.code, Code.INVALID_ARGUMENT)
        with self.assertRaises(RecursionError):
            comity.readable(nested(100_000), comity.baseline())

    def test_octets_that_are_no_message_are_told(self):
        supported = Supported(media=comity.baseline(), languages=[])
        for octets in (b"", b"\0", bytes(2 << 20)):
            with self.assertRaises(ComityError.Misuse) as raised:
                comity.select(octets, supported)
            self.assertEqual(raised.exception.code, Code.INVALID_ARGUMENT)
            self.assertTrue(raised.exception.detail)

    def test_a_frame_of_any_octets_is_rejected_and_finished(self):
        client = self.create()
        frames = [
            Frame(room=None, provider="mimi://a.example", kind=FrameKind.FANOUT, bytes=octets)
            for octets in (b"", b"\xff" * 1000, comity_test.large(8 << 20))
        ]
        step = client.receive(NOW, Batch(frames=frames))
        self.assertEqual(len(step.frames), 3)
        for outcome in step.frames:
            self.assertIsInstance(outcome, FrameOutcome.REJECTED)
        self.assertEqual(step.frames[2].reason.code, Code.FRAME_TOO_LARGE)

    def test_large_values_arrive_whole(self):
        for size in (0, 1, 65_536, 33 << 20):
            octets = comity_test.large(size)
            self.assertEqual(len(octets), size)
            self.assertEqual(comity_test.count(octets), size)
            self.assertEqual(comity_test.echo(octets), octets)

    def test_a_closed_client_says_so_and_is_closed_once(self):
        client = self.create()
        reader, interrupter = client.reader(), client.interrupter()
        client.close()
        client.close()
        for call in (client.close_file, client.twin, client.pause, lambda: client.wake(NOW), client.reader):
            self.invalid("client_is_closed", call)
        interrupter.interrupt()
        with self.assertRaises(ComityError.Paused):
            reader.rooms(NOW)
        comity.wipe(self.path)
        with self.assertRaises(ComityError.Storage) as raised:
            Client.open(NOW, self.opening)
        self.assertEqual(raised.exception.code, Code.STORAGE_MISSING)

    def test_a_client_is_closed_at_the_end_of_its_block_whatever_happened(self):
        self.create().close()
        with self.assertRaises(ZeroDivisionError), Client.open(NOW, self.opening) as client:
            1 / 0
        self.invalid("client_is_closed", client.restored)

    def test_a_paused_client_answers_nothing_until_it_is_resumed(self):
        client = self.create()
        reader = client.reader()
        client.pause()
        for call in (lambda: client.wake(NOW), client.reader, lambda: reader.rooms(NOW)):
            with self.assertRaises(ComityError.Paused):
                call()
        client.resume()
        self.assertEqual(reader.rooms(NOW), [])

    def test_what_stands_for_an_object_is_neither_copied_nor_pickled(self):
        client = self.create()
        sealer = comity.Sealer(comity.Algorithm.AES128_GCM)
        for one in (client, client.reader(), client.interrupter(), self.opening, sealer, comity.Receipts()):
            for call in (copy.copy, copy.deepcopy, pickle.dumps):
                with self.assertRaises(TypeError):
                    call(one)
        client.wake(NOW)

    def test_a_message_with_a_key_is_copied_and_its_key_is_not_pickled(self):
        part = comity.seal(b"film").part
        octets = part.key.octets()
        for copied in (copy.copy(part), copy.deepcopy(part)):
            self.assertEqual(copied.key.octets(), octets)
        del copied
        self.assertEqual(part.key.octets(), octets)
        with self.assertRaises(TypeError):
            pickle.dumps(part)

    def test_streams_that_are_spent_say_so(self):
        sealer = comity.Sealer(comity.Algorithm.AES128_GCM)
        sealed = sealer.update(b"film") + sealer.finish().tag
        self.invalid("stream_is_finished", sealer.update, b"more")
        self.invalid("stream_is_finished", sealer.finish)
        self.assertEqual(len(sealed), 20)

    def test_attachments_go_piece_by_piece(self):
        sealer = comity.Sealer(comity.Algorithm.CHA_CHA20_POLY1305)
        pieces = [sealer.update(bytes([at]) * 1000) for at in range(5)]
        end = sealer.finish()
        fetched = b"".join(pieces) + end.tag
        verifier = comity.Verifier(end.part, 1 << 20)
        verifier.update(fetched[:99])
        verifier.update(fetched[99:])
        verified = verifier.finish()
        self.assertEqual((verified.plaintext_octets, verified.hash_checked), (5000, True))
        plain = verified.opener.update(fetched[:2500]) + verified.opener.update(fetched[2500:])
        verified.opener.finish()
        self.assertEqual(plain, b"".join(bytes([at]) * 1000 for at in range(5)))
        with self.assertRaises(ComityError.Attachment) as raised:
            comity.Verifier(end.part, 10).update(fetched)
        self.assertEqual(raised.exception.code, Code.ATTACHMENT_OVER_LIMIT)


class Threads(Desk):
    def test_two_threads_at_once_are_told(self):
        client = self.create()
        reader = client.reader()
        gate = comity_test.Gate()
        holder = threading.Thread(target=gate.hold, args=(client,))
        holder.start()
        gate.entered()
        with self.assertRaises(ComityError.Misuse) as raised:
            client.wake(NOW)
        self.assertEqual(raised.exception.code, Code.CONCURRENT_USE)
        with self.assertRaises(ComityError.Misuse):
            client.close()
        self.assertEqual(reader.rooms(NOW), [], "a reader does not wait for its client")
        gate.open()
        holder.join()
        client.wake(NOW)

    def test_many_threads_on_one_reader_and_one_client(self):
        client = self.create()
        reader = client.reader()
        done, told, faults = [], [], []

        def work():
            for _ in range(50):
                try:
                    reader.events(0, 100)
                    client.wake(int(time.time() * 1000))
                    done.append(1)
                except ComityError.Misuse as error:
                    told.append(error.code)
                except BaseException as fault:
                    faults.append(fault)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual((faults, set(told) - {Code.CONCURRENT_USE}), ([], set()))
        self.assertEqual(len(done) + len(told), 200)


class Names(unittest.TestCase):
    def test_the_package_has_every_name_that_is_generated(self):
        self.assertEqual([name for name in comity.__all__ if not hasattr(comity, name)], [])
        self.assertTrue(issubclass(comity.Client, Client) and comity.__version__ == comity.version())


class Prints(Desk):
    def test_nothing_that_people_say_and_no_key_is_printed(self):
        secret = "the cake is a lie"
        sealed = comity.seal(secret.encode())
        part = comity.part_attachment(
            sealed.part, Disposition.INLINE(), "text/plain", "https://a.example/cake", description=secret
        )
        values = [
            comity.part_text(secret),
            comity.outgoing_text(secret),
            Outgoing(alternatives=[part], topic=secret.encode()),
            part,
            sealed,
            comity.open(sealed.part, sealed.ciphertext),
            comity.markdown_links(f"[{secret}](https://a.example/cake)"),
            self.opening,
            sealed.part.key,
        ]
        key = sealed.part.key.octets()
        for value in values:
            for shown in (str(value), repr(value), f"{value}"):
                self.assertNotIn("cake", shown)
                self.assertNotIn(str(key), shown)

    def test_other_values_print_what_they_are(self):
        self.assertEqual(repr(Allow()), "Allow(unreadable_by=False, broken_trust=False)")
        self.assertEqual(repr(Page.LATEST(limit=3)), "Page.LATEST(limit=3)")


if __name__ == "__main__":
    unittest.main()
