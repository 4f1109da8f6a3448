package org.comity.test

import kotlinx.coroutines.runBlocking
import org.comity.*
import org.junit.jupiter.api.io.TempDir
import java.io.File
import java.time.Duration
import kotlin.test.AfterTest
import kotlin.test.BeforeTest
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertIs
import kotlin.test.assertNull
import kotlin.test.assertTrue

private const val VIDEO = "video/mp4"
private const val HTML = "text/html;charset=utf-8"

/** Calls that no other test makes, and what they tell: two people talk. */
class CallsTest {
    @TempDir
    lateinit var dir: File
    private val world = World()
    private lateinit var alice: App
    private lateinit var bob: App

    @BeforeTest
    fun meet() = runBlocking {
        alice = App.create(world, dir, "a.example", "alice")
        bob = App.create(world, dir, "b.example", "bob")
        alice.does { advertise(Supported.with(VIDEO, HTML)) }
        bob.does { advertise(Supported.with(VIDEO)) }
        alice.does { createRoom(LUNCH, NewRoom(world.network.hubKey("mimi://a.example"), "Lunch")) }
        alice.does { change(LUNCH, Change.Invite(bob.user)) }
        bob.takesMail()
        bob.does { respond(LUNCH, Response.ACCEPT) }
        alice.takesMail()
    }

    @AfterTest
    fun part() {
        alice.close()
        bob.close()
        world.close()
    }

    private fun later(seconds: Long) {
        world.clock.now = world.clock.now.plusSeconds(seconds)
    }

    @Test
    fun `a room tells who is in it, and what protects it`() {
        val lunch = alice.reader.room(LUNCH)
        assertEquals(listOf(lunch.summary), alice.reader.rooms())
        assertEquals("Lunch" to Phase.JOINED, lunch.summary.name to lunch.summary.phase)
        val roles = mapOf(alice.user to Participant.admin, bob.user to Participant.member)
        assertEquals(roles, lunch.participants.associate { it.user to it.role })

        val members = alice.reader.members(LUNCH)
        assertEquals(setOf(alice.uri, bob.uri), members.map { it.client }.toSet())
        assertEquals(listOf(members[1]), alice.reader.members(LUNCH, first = 1uL))
        assertEquals(listOf(members[0]), alice.reader.members(LUNCH, limit = 1uL))
        assertTrue(members.all { it.lacks.isEmpty() && (HTML in it.advertisement) == (it.user == alice.user) })

        val posture = alice.reader.posture(LUNCH)
        assertEquals(listOf(1, 2, 2), listOf(posture.cipherSuite.toInt(), posture.clients.toInt(), posture.users.toInt()))
        assertEquals(mapOf(VIDEO to 2, HTML to 1), posture.readable.associate { it.mediaType to it.clients.toInt() })
    }

    @Test
    fun `a user is known by their clients and keys`() {
        val (client) = alice.reader.user(bob.user).clients
        assertEquals(bob.uri to 32, client.client to client.key.size)
        assertTrue(alice.reader.user("mimi://z.example/u/zoe").clients.isEmpty())
        assertEquals(Identity(alice.user, alice.uri), alice.reader.identity)
    }

    @Test
    fun `what may be done is told before anybody taps`() {
        assertTrue(alice.reader.may(LUNCH, Action.SEND))
        alice.reader.can(LUNCH, Change.RemoveUser(bob.user))
        assertFalse(bob.reader.may(LUNCH, Action.DELETE_OTHER))
        val refused = assertFailsWith<ComityException.Blocked> { bob.reader.can(LUNCH, Change.RemoveUser(alice.user)) }
        assertEquals(Code.NOT_ALLOWED, refused.fault.code)
    }

    @Test
    fun `a task tells what became of a change`() = runBlocking {
        later(61)
        val about = Metadata(LUNCH, "Dinner", subject = "Pizza")
        val step = alice.client.change(LUNCH, Change.Metadata(about))
        val id = assertIs<Made.Task>(step.made).id
        assertEquals(TaskState.Waiting, alice.reader.task(id)?.state)
        alice.posts(step.requests)
        assertEquals(Task(id, LUNCH, TaskState.Done, emptyList()), alice.reader.task(id))
        bob.takesMail()
        assertEquals(about, bob.reader.room(LUNCH).metadata)
        assertNull(alice.reader.task("00".repeat(16)))
    }

    @Test
    fun `a preview shows what a frame holds, and takes nothing`() = runBlocking {
        val id = alice.sends(LUNCH, Outgoing.text("Look"))
        val (frame) = bob.mail()
        val preview = bob.reader.preview(frame)!!
        val told = listOf(preview.message, preview.room, preview.sender, preview.client)
        assertEquals(listOf(id, LUNCH, alice.user, alice.uri), told)
        assertTrue(preview.notify)
        assertEquals("Look", assertIs<Body.Single>(preview.content.part.body).single.content.decodeToString())
        assertNull(bob.reader.message(id))
        assertNull(bob.reader.preview(Frame(LUNCH, frame.provider, FrameKind.FANOUT, "nothing".toByteArray())))
    }

    @Test
    fun `what could not be sent is sent again, or withdrawn`() = runBlocking {
        val step = alice.client.send(LUNCH, "x")
        val id = assertIs<Made.Message>(step.made).id
        alice.client.answer(step.requests.single().id, Answer.Undeliverable)
        assertEquals(Delivery.Undeliverable, alice.reader.message(id)?.delivery)
        val again = alice.client.resolve(id, Resolution.RETRY)
        alice.client.answer(again.requests.single().id, Answer.Undeliverable)
        alice.client.resolve(id, Resolution.WITHDRAW)
        assertNull(alice.reader.message(id))
    }

    @Test
    fun `nobody answers, and the request is handed out again`() = runBlocking {
        val request = alice.client.send(LUNCH, "x").requests.single()
        val step = alice.client.answer(request.id, Answer.Unreachable(Duration.ofSeconds(90)))
        assertTrue(step.wakeAt!! >= world.clock.now.plusSeconds(90))
        assertEquals(step.wakeAt, alice.reader.wakeAt())
        world.clock.now = step.wakeAt!!
        val again = alice.client.wake().requests.single()
        assertEquals(request.id to 1u, again.id to again.attempt)
        assertEquals(listOf(request.id), alice.reader.outstanding().map { it.id })
    }

    @Test
    fun `the log is forgotten up to a place, and a queue has its place`() = runBlocking {
        val log = alice.reader.events(after = 0uL)
        alice.client.forget(log[2].seq)
        assertEquals(listOf(log[3].seq), alice.reader.events(after = 0uL, limit = 1u).map { it.seq })
        assertNull(alice.reader.cursor("push"))
        alice.client.receive(Batch(emptyList(), Cursor("push", byteArrayOf(0, -1)), more = true))
        assertContentEquals(byteArrayOf(0, -1), alice.reader.cursor("push")?.position)
    }

    @Test
    fun `what was read is not counted any more`() = runBlocking {
        val id = bob.sends(LUNCH, Outgoing.text("Hi"))
        alice.takesMail()
        assertEquals(listOf(1u), alice.reader.rooms().map { it.unread })
        val position = alice.reader.message(id)!!.position
        assertTrue(alice.reader.timeline(LUNCH, Page.After(position, 9u)).isEmpty())
        alice.client.read(LUNCH, position)
        assertEquals(listOf(0u), alice.reader.rooms().map { it.unread })
    }

    @Test
    fun `a room is left, and joined from outside`() = runBlocking {
        bob.does { change(LUNCH, Change.Leave) }
        assertEquals(listOf(Phase.LEAVING), bob.reader.rooms().map { it.phase })
        val other = "mimi://b.example/r/other"
        val step = alice.client.join(other, "code".toByteArray())
        assertEquals(listOf<String?>(other), step.requests.map { it.lane })
        assertEquals(listOf(Phase.JOINED, Phase.JOINING), alice.reader.rooms().map { it.phase })
        val long = assertFailsWith<ComityException.Misuse> { alice.client.join("mimi://b.example/r/third", ByteArray(2000)) }
        assertEquals(Code.TOO_LONG, long.fault.code)
    }

    @Test
    fun `a copy opens with the same key, and says the same`() = runBlocking {
        val copy = File(dir, "copy.comity")
        alice.client.backupTo(copy)
        val exists = assertFailsWith<ComityException.Storage> { alice.client.backupTo(copy) }
        assertEquals(Code.STORAGE_EXISTS, exists.fault.code)
        Reader.open(Opening.app(copy, ByteArray(32) { 7 }), world.clock).use { reader ->
            assertEquals(Identity(alice.user, alice.uri), reader.identity)
            assertEquals(listOf(LUNCH), reader.rooms().map { it.uri })
            assertEquals(1uL, reader.health().rooms)
        }
        Client.wipe(copy)
        assertFalse(copy.exists())
    }

    @Test
    fun `key packages are restocked when few are left`() = runBlocking {
        assertTrue(alice.client.restock(left = 1000u).requests.isEmpty())
        val request = alice.client.restock(left = 0u).requests.single()
        assertEquals(RequestKind.PUBLISH_KEY_PACKAGES to "mimi://a.example", request.kind to request.to)
    }

    @Test
    fun `an extension takes as many frames as its budget has, and may no more`() = runBlocking {
        repeat(2) { alice.sends(LUNCH, Outgoing.text("$it")) }
        bob.client.close()
        val opening = Opening.extension(bob.file, ByteArray(32) { 7 })
            .budgeted(Budget(1uL, ULong.MAX_VALUE, Budget.extension.memory))
        bob.client = Client.open(opening, clock = world.clock)
        assertEquals(1, bob.client.receive(Batch(bob.mail())).frames.size)
        val refused = assertFailsWith<ComityException.Misuse> { bob.client.advertise(Supported.with()) }
        assertEquals(Code.EXTENSION_MAY_NOT, refused.fault.code)
    }

    @Test
    fun `every call of a client, a reader and an interrupter is made in some test`() {
        val sources = File(System.getProperty("comity.sources"), "src")
        val calls = listOf("Client.kt", "Reader.kt").flatMap { name ->
            val text = File(sources, "main/kotlin/org/comity/$name").readText()
            Regex("""\n +(?:public|override) (?:suspend )?fun (\w+)""").findAll(text).map { it.groupValues[1] }.toList()
        }.toSet() - "toString"
        assertTrue(calls.size >= 40, "$calls")
        val tests = File(sources, "test/kotlin/org/comity/test").listFiles { it.isFile }.orEmpty().joinToString("") { it.readText() }
        val uncalled = calls.filterNot { Regex("""(\.|\{ )$it\(""").containsMatchIn(tests) }
        assertEquals(emptyList(), uncalled)
    }
}
