"""Every call of the engine at least once, and what it tells: so that each conversion has gone there and back."""

import datetime
import pathlib
import tempfile
import types
import unittest

import comity
from comity import (
    Action,
    Agreement,
    Algorithm,
    Allow,
    Body,
    Budget,
    Change,
    Class,
    Client,
    ClientOutcome,
    Code,
    ComityError,
    Delivery,
    Denied,
    Disposition,
    Expiration,
    LinkKind,
    Made,
    Metadata,
    Opening,
    Origin,
    Outgoing,
    Page,
    Part,
    PartSemantics,
    Phase,
    ReportPolicy,
    Resolution,
    SinglePart,
    Status,
    StatusEntry,
    Stored,
    TaskState,
    Witnesses,
)
from desk import KEY, NOW, Desk
from story import ROOM, App, World, basic, enhanced, meet

HTML = "text/html;charset=utf-8"


class Conversation(unittest.TestCase):
    """Alice and Bob in a room, at two providers."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.world = World(lambda fact: None)
        self.alice = App(self.world, pathlib.Path(folder.name), "a.example", "alice")
        self.bob = App(self.world, pathlib.Path(folder.name), "b.example", "bob")
        for app in (self.alice, self.bob):
            self.addCleanup(lambda app=app: app.client.close())
        meet(self.world, self.alice, self.bob)
        self.now = self.world.now
        self.reader = self.alice.client.reader()

    def does(self, changes):
        # A client that commits again and again lets others go first now and then.
        self.now += 61_000
        self.world.now = self.now
        step = self.alice.client.change(self.now, ROOM, changes)
        self.alice.does(step)
        self.bob.takes_mail()
        return step.made.id

    def test_a_room_tells_who_is_in_it_and_what_it_requires(self):
        (summary,) = self.reader.rooms(self.now)
        self.assertEqual((summary.uri, summary.name, summary.phase), (ROOM, "Lunch", Phase.JOINED))
        room = self.reader.room(ROOM)
        self.assertEqual(room.summary, summary)
        roles = {participant.user: participant.role for participant in room.participants}
        self.assertEqual(roles, {self.alice.user: comity.role_of_admin(), self.bob.user: comity.role_of_member()})
        self.assertEqual(set(room.requirement), set(comity.baseline()))
        members = self.reader.members(ROOM, 0, 10)
        self.assertEqual({member.client for member in members}, {self.alice.id, self.bob.id})
        self.assertEqual(len(self.reader.members(ROOM, 1, 10)), 1)
        self.assertTrue(all(not member.lacks and member.advertisement for member in members))
        posture = self.reader.posture(ROOM)
        self.assertEqual((posture.cipher_suite, posture.clients, posture.users), (1, 2, 2))
        self.assertEqual({r.media_type: r.clients for r in posture.readable}, {"video/mp4": 2, HTML: 1})

    def test_what_may_be_done_is_told_before_anybody_taps(self):
        self.assertTrue(self.reader.may(ROOM, Action.SEND))
        self.reader.can(ROOM, Change.REMOVE_USER(user=self.bob.user))
        with self.assertRaises(ComityError.Blocked) as raised:
            self.bob.client.reader().can(ROOM, Change.REMOVE_USER(user=self.alice.user))
        self.assertEqual(raised.exception.code, Code.NOT_ALLOWED)
        self.assertTrue(raised.exception.detail)

    def test_changes_of_every_kind_take_effect(self):
        about = Metadata(room_uri=ROOM, name="Dinner", subject="Pizza", avatar="https://a.example/p.png", mood="hungry")
        about.descriptions = [comity.Description(content="The tall one".encode(), language_tag="en")]
        task = self.does([Change.METADATA(metadata=about)])
        self.assertEqual(self.reader.task(task).state, TaskState.DONE())
        self.assertEqual(self.bob.client.reader().room(ROOM).metadata, about)
        self.does([Change.SET_ROLE(user=self.bob.user, role=comity.role_of_admin())])
        self.does([Change.ROTATE()])
        self.does([Change.REQUIRE(requirement=comity.baseline() + ["video/mp4"])])
        self.assertIn("video/mp4", self.reader.room(ROOM).requirement)
        task = self.does([Change.INVITE(user="mimi://a.example/u/nobody")])
        self.assertTrue(self.reader.task(task).invites)
        self.does([Change.REMOVE_CLIENT(client=self.bob.id)])
        self.assertEqual(self.bob.client.reader().room(ROOM).summary.phase, Phase.REMOVED)

    def test_a_task_tells_what_became_of_an_invitation(self):
        created = [e.kind.task for e in self.reader.events(0, 100) if e.kind.is_TASK()]
        task = self.reader.task(created[0])
        self.assertEqual((task.room, task.state), (ROOM, TaskState.DONE()))
        (invited,) = task.invites
        self.assertEqual((invited.user, invited.failed), (self.bob.user, None))
        self.assertEqual([client.outcome for client in invited.clients], [ClientOutcome.ADDED()])
        self.assertIsNone(self.reader.task("00" * 16))

    def test_a_user_is_known_by_their_clients_and_keys(self):
        user = self.reader.user(self.bob.user)
        self.assertEqual([(client.client, len(client.key)) for client in user.clients], [(self.bob.id, 32)])
        identity = self.reader.identity()
        self.assertEqual((identity.user, identity.client), (self.alice.user, self.alice.id))

    def test_a_plan_says_who_will_see_what(self):
        hello = Outgoing(alternatives=[comity.part_html("<b>x</b>"), comity.part_text("x")])
        plan = self.reader.plan(ROOM, hello)
        self.assertEqual({reach.client: reach.sees for reach in plan.reach}, {self.alice.id: 0, self.bob.id: 1})
        self.assertEqual((plan.sends, plan.unreadable_by), ([0, 1], []))
        self.assertEqual(plan.part.body.semantics, PartSemantics.CHOOSE_ONE)
        only = self.reader.plan(ROOM, Outgoing(alternatives=[comity.part_html("<b>x</b>")]))
        self.assertEqual(only.unreadable_by, [self.bob.user])
        step = self.alice.client.send(
            self.now, ROOM, Outgoing(alternatives=[comity.part_html("<b>x</b>")]), Allow(unreadable_by=True)
        )
        self.alice.does(step)

    def test_a_message_tells_everything_about_itself(self):
        first = self.alice.sends(comity.outgoing_markdown("*Hello*"))
        self.bob.takes_mail()
        reply = Outgoing(
            alternatives=[comity.part_text("Hi")],
            in_reply_to=first,
            topic=b"greetings",
            expires=Expiration.ABSOLUTE(seconds=self.now // 1000 + 3600),
        )
        second = self.bob.sends(reply)
        self.alice.takes_mail()
        message = self.reader.message(self.now, second)
        self.assertEqual((message.id, message.sender, message.client), (second, self.bob.user, self.bob.id))
        self.assertEqual((message.delivery, message.deleted, message.read), (Delivery.RECEIVED(), False, False))
        self.assertEqual((message.content.in_reply_to, message.content.topic), (first, b"greetings"))
        self.assertEqual(message.content.expires, reply.expires)
        self.assertEqual(message.expires, (self.now // 1000 + 3600) * 1000)
        extensions = {extension.key.number: extension.value for extension in message.content.extensions}
        self.assertIn(self.bob.user.encode(), extensions[1])
        self.assertEqual(comity.decode_content(message.octets), message.content)
        self.assertIsNone(self.reader.message(self.now + 4_000_000, second))

        before, after = (self.reader.timeline(self.now, ROOM, page(message.position, 10)) for page in (Page.BEFORE, Page.AFTER))
        self.assertEqual([m.id for m in before], [first])
        self.assertEqual(after, [])
        self.assertEqual(self.reader.rooms(self.now)[0].unread, 1)
        self.alice.does(self.alice.client.read(self.now, ROOM, message.position))
        self.assertEqual(self.reader.rooms(self.now)[0].unread, 0)

    def test_a_deleted_message_is_gone_for_everybody(self):
        id = self.alice.sends(Outgoing(alternatives=[comity.part_markdown("~~never~~ mind")]))
        self.alice.sends(comity.outgoing_deletion(id))
        self.bob.takes_mail()
        message = self.bob.message(id)
        self.assertEqual((message.deleted, message.content, message.octets), (True, None, None))

    def test_a_preview_shows_what_a_frame_holds_and_takes_nothing(self):
        self.alice.sends(comity.outgoing_text("Look"))
        (frame,) = self.bob.mail()
        reader = self.bob.client.reader()
        preview = reader.preview(self.now, frame)
        self.assertEqual((preview.room, preview.sender, preview.notify), (ROOM, self.alice.user, True))
        self.assertEqual(preview.content.part.body.single.content, b"Look")
        self.assertIsNone(reader.message(self.now, preview.message))
        frame.bytes = b"nothing"
        self.assertIsNone(reader.preview(self.now, frame))

    def test_what_could_not_be_sent_is_sent_again_or_withdrawn(self):
        step = self.alice.client.send(self.now, ROOM, comity.outgoing_text("x"), Allow())
        id = step.made.id
        (request,) = step.requests
        self.alice.client.answer(self.now, request.id, comity.Answer.UNDELIVERABLE())
        self.assertEqual(self.reader.message(self.now, id).delivery, Delivery.UNDELIVERABLE())
        again = self.alice.client.resolve(self.now, id, Resolution.RETRY)
        self.alice.client.answer(self.now, again.requests[0].id, comity.Answer.UNDELIVERABLE())
        self.alice.client.resolve(self.now, id, Resolution.WITHDRAW)
        self.assertIsNone(self.reader.message(self.now, id))

    def test_nobody_answers_and_the_request_is_handed_out_again(self):
        step = self.alice.client.send(self.now, ROOM, comity.outgoing_text("x"), Allow())
        (request,) = step.requests
        wait = comity.Answer.UNREACHABLE(retry_after=datetime.timedelta(seconds=90))
        step = self.alice.client.answer(self.now, request.id, wait)
        self.assertGreaterEqual(step.wake_at, self.now + 90_000)
        self.assertEqual(self.reader.wake_at(), step.wake_at)
        (again,) = self.alice.client.wake(step.wake_at).requests
        self.assertEqual((again.id, again.attempt, again.lane), (request.id, 1, ROOM))

    def test_the_log_is_read_and_forgotten_and_a_queue_has_its_place(self):
        events = self.reader.events(0, 1000)
        self.assertEqual([event.seq for event in events], list(range(1, len(events) + 1)))
        self.alice.client.forget(self.now, events[2].seq)
        self.assertEqual(self.reader.events(0, 1)[0].seq, events[3].seq)
        self.assertIsNone(self.reader.cursor("push"))
        cursor = comity.Cursor(queue="push", position=b"\0\xff")
        self.alice.client.receive(self.now, comity.Batch(frames=[], cursor=cursor, more=True))
        self.assertEqual(self.reader.cursor("push"), cursor)

    def test_a_conversation_is_folded_as_the_store_folds_it(self):
        first = self.alice.sends(comity.outgoing_text("Piza?"))
        said = self.stored(self.alice, first)
        edit = self.alice.sends(Outgoing(alternatives=[comity.part_text("Pizza?")], replaces=first))
        self.bob.takes_mail()
        reaction = self.bob.sends(comity.outgoing_reaction(first, "\U0001f355"))
        self.alice.takes_mail()
        stored = [self.stored(self.alice, edit), said, self.stored(self.bob, reaction)]
        self.assertEqual(comity.classify(stored[0].octets), Class.EDIT(target=first))
        self.assertEqual(comity.classify(stored[2].octets), Class.REACTION(target=first))
        (entry,) = comity.fold(stored, []).entries
        self.assertEqual([version.id for version in entry.versions], [first, edit])
        self.assertEqual([(r.id, r.sender, r.target.version) for r in entry.reactions], [(reaction, self.bob.user, first)])
        denied = comity.fold(stored, [Denied(user=self.bob.user, action=Action.REACT)])
        self.assertEqual(([r.id for r in denied.refused], denied.entries[0].reactions), ([reaction], []))
        self.assertEqual(comity.fold(stored[:1], []).waiting, [edit])

    def stored(self, app, id):
        message = app.client.reader().message(self.now, id)
        return Stored(id=id, sender=app.user, accepted=message.accepted or self.now, octets=message.octets)

    def test_receipts_of_many_come_to_one_standing(self):
        id = self.alice.sends(comity.outgoing_text("x"))
        octets = self.reader.message(self.now, id).octets
        self.assertTrue(comity.is_reported(octets))
        self.assertIsNone(comity.reported_by(octets))
        entries = [StatusEntry(message=id, status=Status.READ()), StatusEntry(message=id, status=Status.OTHER(value=99))]
        report = comity.encode_report(entries)
        part = Part(
            disposition=Disposition.RENDER(),
            body=Body.SINGLE(single=SinglePart(media_type="application/mimi-message-status", content=report)),
        )
        report = Outgoing(alternatives=[part])
        told = self.alice.client.send(self.now, ROOM, report, Allow(unreadable_by=True)).made.id
        self.assertEqual(comity.reported_by(self.reader.message(self.now, told).octets), entries)
        receipts = comity.Receipts()
        receipts.apply(self.bob.user, self.now, told, entries[:1], [id])
        standing = receipts.of(id, self.bob.user)
        self.assertEqual((standing.status, standing.was_read), (Status.READ(), True))
        self.assertEqual(receipts.about(id), [standing])
        receipts.apply(self.bob.user, self.now, told, [StatusEntry(message=told, status=Status.READ())], [id])
        self.assertIsNone(receipts.of(told, self.bob.user))
        receipts.forget(id)
        self.assertEqual(receipts.about(id), [])
        self.assertTrue(comity.reports(ReportPolicy.REQUIRED, False))
        self.assertFalse(comity.reports(ReportPolicy.FORBIDDEN, True))

    def test_a_room_is_left_and_joined_from_outside(self):
        step = self.bob.client.change(self.now, ROOM, [Change.LEAVE()])
        self.bob.does(step)
        self.assertIn(self.bob.client.reader().room(ROOM).summary.phase, (Phase.LEAVING, Phase.LEFT))
        step = self.alice.client.join(self.now, "mimi://b.example/r/other", b"code")
        self.assertTrue(step.requests)
        with self.assertRaises(ComityError.Misuse) as raised:
            self.alice.client.join(self.now, "mimi://b.example/r/third", bytes(2000))
        self.assertEqual(raised.exception.code, Code.TOO_LONG)

    def test_what_is_supported_chooses_what_is_shown(self):
        hello = [comity.part_html("<b>x</b>"), comity.part_text("x")]
        self.alice.sends(Outgoing(alternatives=hello))
        self.bob.takes_mail()
        octets = self.bob.latest().octets
        (chosen,) = comity.select(octets, enhanced()).chosen
        self.assertEqual(chosen.part.body.single.media_type, HTML)
        selection = comity.select(octets, basic())
        self.assertEqual([(c.index, c.part.body.single.content) for c in selection.chosen], [(2, b"x")])
        self.assertEqual([p.because for p in selection.passed_over], [comity.PassedOverBecause.CANNOT_BE_READ])


class Helpers(unittest.TestCase):
    def three(self):
        """A message of three texts, of which a reader may take as many as it can."""
        root = pathlib.Path(__file__).parents[3]
        return (root / "fuzz/corpus/decode_content/example-multipart-2").read_bytes()

    def test_what_an_app_does_not_want_is_passed_over(self):
        everything = comity.select(self.three(), basic())
        self.assertEqual([chosen.index for chosen in everything.chosen], [1, 2, 3])
        wishes = [comity.WishedPart(index=2, wish=comity.Wish.NEVER())]
        without = comity.select_by(self.three(), basic(), wishes)
        self.assertEqual([chosen.index for chosen in without.chosen], [1, 3])
        passed = [(passed.index, passed.because) for passed in without.passed_over]
        self.assertEqual(passed, [(2, comity.PassedOverBecause.NOT_WANTED)])
        wishes = [comity.WishedPart(index=2, wish=comity.Wish.RANK(rank=7))]
        self.assertEqual(comity.select_by(self.three(), basic(), wishes), everything)

    def test_parts_link_to_one_another(self):
        link = comity.part_link(5)
        self.assertEqual(comity.linked_part(link), 5)
        self.assertIsNone(comity.linked_part("https://a.example/5"))
        html = comity.part_html(f'<img src="{link}"> <a href="{comity.part_link(2)}">')
        self.assertEqual(comity.linked_parts(html), [5, 2])
        self.assertEqual(comity.linked_parts(comity.part_text(link)), [])

    def test_a_chain_of_replies_is_followed_to_its_beginning_and_no_further_than_into_a_loop(self):
        ids = [f"01{n:02}{'00' * 30}" for n in range(3)]
        replies = [comity.Reply(message=ids[2], in_reply_to=ids[1]), comity.Reply(message=ids[1], in_reply_to=ids[0])]
        chain = comity.reply_chain(ids[2], replies)
        self.assertEqual((chain.messages, chain.end), (ids[::-1], comity.ChainEnd.BEGINS))
        loop = [*replies, comity.Reply(message=ids[0], in_reply_to=ids[2])]
        self.assertEqual(comity.reply_chain(ids[0], loop).end, comity.ChainEnd.LOOPS)


class Files(Desk):
    def test_an_extension_may_not_what_the_app_may(self):
        extension = Opening.extension(self.path, KEY).budgeted(comity.budget_of_extension())
        with self.assertRaises(ComityError.Misuse) as raised:
            Client.create(NOW, extension, "mimi://a.example/u/a", "mimi://a.example/d/a")
        self.assertEqual(raised.exception.code, Code.EXTENSION_MAY_NOT)
        self.create()
        with Client.open(NOW, extension) as client, self.assertRaises(ComityError.Misuse):
            client.restock(NOW, 0)
        self.assertGreater(comity.budget_of_app().memory, comity.budget_of_extension().memory)
        one = self.opening.budgeted(Budget(frames=1, octets=2**64 - 1, memory=0))
        Client.open(NOW, one).close()

    def test_witnesses_notice_an_older_copy(self):
        witnessed = self.opening.witnessed(Witnesses(twin=None, last_request=None))
        client = Client.create(NOW, witnessed, "mimi://a.example/u/alice", "mimi://a.example/d/alice-phone")
        twin = client.twin()
        self.assertEqual((len(twin), client.restored()), (16, False))
        client.close()
        client = Client.open(NOW, self.opening.witnessed(Witnesses(twin=twin, last_request=None)))
        self.assertFalse(client.restored())
        client.close()
        client = Client.open(NOW, self.opening.witnessed(Witnesses(twin=bytes(16), last_request="00" * 16)))
        self.assertTrue(client.restored())
        client.close()

    def test_keys_are_renewed_and_files_copied(self):
        client = self.create()
        copy = self.path + ".copy"
        client.backup_to(copy)
        client.rekey(bytes([9] * 32))
        client.close()
        with self.assertRaises(ComityError.Storage):
            Client.open(NOW, self.opening)
        Client.open(NOW, Opening.app(self.path, bytes([9] * 32))).close()
        reader = comity.Reader.open(Opening.app(copy, KEY))
        self.assertEqual(reader.identity().user, "mimi://a.example/u/alice")
        health = reader.health()
        self.assertEqual((health.rooms, health.damage), (0, None))
        self.assertIn(f"octets={health.octets}", health.line)

    def test_key_packages_are_restocked(self):
        client = self.create()
        (request,) = client.restock(NOW, 0).requests
        self.assertEqual((request.kind, request.to), (comity.RequestKind.PUBLISH_KEY_PACKAGES, "mimi://a.example"))
        self.assertIsInstance(client.create_room(NOW, ROOM, comity.NewRoom(hub_key=bytes(32))).made, Made.ROOM)


class All(unittest.TestCase):
    def test_every_call_is_made_in_some_test(self):
        tests = "".join(path.read_text() for path in pathlib.Path(__file__).parent.glob("*.py"))
        called = {name for name in calls() for end in "(),[" if f".{name}{end}" in tests}
        self.assertEqual(sorted(set(calls()) - called), [])


def calls():
    """The functions of the package, and the methods of its objects."""
    for name in comity.__all__:
        named = getattr(comity, name)
        if isinstance(named, types.FunctionType):
            yield name
        if isinstance(named, type) and hasattr(named, "_uniffi_clone_handle"):
            yield from (method for method in vars(named) if not method.startswith("_"))


class Words(unittest.TestCase):
    def test_markdown_becomes_what_others_show(self):
        markdown = "*a* <b>c</b> [@bob](mimi://b.example/u/bob) [https://a.example](http://a.example)"
        self.assertIn("a <b>c</b>", comity.markdown_to_plain_text(markdown))
        self.assertIn("<em>a</em> &lt;b&gt;", comity.markdown_to_html(markdown))
        self.assertIn("&lt;b>", comity.markdown_without_html(markdown))
        user, web = comity.markdown_links(markdown)
        self.assertEqual(user.kind, LinkKind.USER(user="mimi://b.example/u/bob"))
        self.assertEqual((web.kind, web.agreement), (LinkKind.WEB(), Agreement.DOWNGRADE))
        (mention,) = comity.markdown_mentions(markdown, ["mimi://b.example/u/bob"])
        self.assertEqual((mention.user, mention.hint), ("mimi://b.example/u/bob", "@bob"))
        self.assertEqual(comity.markdown_mentions(markdown, []), [])
        self.assertEqual(comity.markdown_to_plain_text(comity.markdown_escape("*x*")), "*x*")
        self.assertEqual(comity.markdown_links(comity.markdown_link("a]b", "https://a.example"))[0].text, "a]b")
        self.assertEqual(comity.html_to_markdown("<p>a <b>b</b></p>").strip(), "a **b**")

    def test_basic_forms_are_made_of_enhanced_ones(self):
        forms = comity.alternatives(comity.part_html("<b>x</b>"))
        self.assertEqual([form.origin for form in forms], [Origin.GIVEN, Origin.CONVERTED, Origin.CONVERTED])
        spoken = comity.part_in_language(forms[-1].part, "de,fr")
        self.assertEqual(spoken.language, "de,fr")
        self.assertTrue(comity.readable(spoken, comity.baseline()))
        self.assertFalse(comity.readable(forms[0].part, comity.baseline()))

    def test_attachments_say_what_to_fetch_and_how_to_call_it(self):
        sealed = comity.seal(b"film")
        self.assertEqual(comity.fetch_limit(sealed.part, 1 << 30), len(sealed.ciphertext) + 16)
        part = comity.part_attachment(
            sealed.part, Disposition.ATTACHMENT(), "video/mp4", "https://a.example/f", expires=10, filename="../f.mp4"
        )
        external = part.body.external
        self.assertTrue(comity.is_available(external, 9_999))
        self.assertFalse(comity.is_available(external, 10_000))
        self.assertEqual(comity.safe_file_name(external.filename), "f.mp4")
        self.assertIsNone(comity.safe_file_name(".."))
        key = comity.ContentKey(external.key.octets())
        self.assertEqual(key.octets(), external.key.octets())
        with self.assertRaises(ComityError.Attachment) as raised:
            comity.part_attachment(sealed.part, Disposition.ATTACHMENT(), "video/mp4", "file:///etc/passwd")
        self.assertEqual(raised.exception.code, Code.ATTACHMENT_URL)
        self.assertEqual(len(list(Algorithm)), 3)


if __name__ == "__main__":
    unittest.main()
