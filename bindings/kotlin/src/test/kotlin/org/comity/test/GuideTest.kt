package org.comity.test

import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.comity.*
import org.junit.jupiter.api.io.TempDir
import java.io.File
import java.io.IOException
import kotlin.test.Test
import kotlin.test.assertEquals

/** What docs/kotlin.md shows: the parts between the anchors. */
class GuideTest {
    @TempDir
    lateinit var folder: File

    private suspend fun begin(key: ByteArray): Client {
        // ANCHOR: create
        // The key: 32 random octets that an app draws once, and keeps sealed by the device's keystore.
        val opening = Opening.app(File(folder, "alice.comity"), key)
        val client = Client.create(opening, "mimi://a.example/u/alice", "mimi://a.example/d/alice-phone")
        // Say what this app can show: what every MIMI client can, and HTML.
        client.advertise(Supported.with("text/html;charset=utf-8"))
        // ANCHOR_END: create
        return client
    }

    // ANCHOR: post
    /** Runs for as long as the app does. Here is all of its transport. */
    private suspend fun post(client: Client, send: suspend (Request) -> Answer) {
        client.requests().collect { request ->
            val answer = try {
                send(request)
            } catch (_: IOException) {
                Answer.Unreachable()
            }
            client.answer(request.id, answer)
        }
    }
    // ANCHOR_END: post

    // ANCHOR: look
    /** Runs for as long as the app does. `last` and `remember`: a number that the app keeps in its own database. */
    private suspend fun look(client: Client, last: ULong, remember: (ULong) -> Unit, show: (Message) -> Unit) {
        client.events(after = last).collect { event ->
            when (val kind = event.kind) {
                is EventKind.Message -> client.reader.message(kind.message)?.let(show)
                is EventKind.Room -> if (kind.change is RoomChange.Invited) client.respond(kind.room, Response.ACCEPT)
                is EventKind.Client -> log(kind.change, kind.advice)
                is EventKind.User, is EventKind.Task, is EventKind.Frame, EventKind.Other -> {}
            }
            remember(event.seq)
        }
    }
    // ANCHOR_END: look

    private suspend fun say(client: Client, room: RoomUri): MessageId? {
        // ANCHOR: say
        val hello = Outgoing.of(Part.html("<p>Hello, <b>you</b>!</p>"), Part.text("Hello, you!"))
        val plan = client.reader.plan(room, hello)
        if (plan.unreadableBy.isNotEmpty()) return null // Ask the person first.
        val made = client.send(room, hello).made as Made.Message
        // ANCHOR_END: say
        return made.id
    }

    /** What the person sees of a message. */
    private fun shown(message: Message): String? {
        // ANCHOR: shown
        val selection = message.select(Supported.with("text/html;charset=utf-8"))
        val body = selection?.chosen?.firstOrNull()?.part?.body as? Body.Single
        return body?.single?.content?.decodeToString()
        // ANCHOR_END: shown
    }

    private suspend fun invite(client: Client, room: RoomUri, guest: UserUri, ask: (List<UserUri>) -> Unit) {
        // ANCHOR: errors
        try {
            client.change(room, Change.Invite(guest))
        } catch (error: ComityException) {
            when (error) {
                is ComityException.Blocked -> ask(error.fault.users)
                is ComityException.Busy -> println("the other process writes; again soon")
                is ComityException.Storage, is ComityException.Attachment -> println("${error.code}: ${error.fault.advice}")
                is ComityException.Misuse, is ComityException.Paused, is ComityException.Bug -> throw error
            }
        }
        // ANCHOR_END: errors
    }

    // ANCHOR: pushed
    /** In a push service with a process of its own: `opening` is one of `Opening.extension`. */
    private suspend fun pushed(opening: Opening, frame: Frame, notify: (Preview) -> Unit) {
        Reader.open(opening).use { reader ->
            reader.preview(frame)?.takeIf { it.notify }?.let(notify)
        }
        try {
            Client.open(opening).use { it.receive(frame) }
        } catch (_: ComityException.Busy) {
            // The app is at work, and takes the frame itself.
        }
    }
    // ANCHOR_END: pushed

    @Test
    fun `the guide works`() = runBlocking {
        val network = Network()
        val key = ByteArray(32) { 3 }
        val alice = begin(key)
        val bob = Client.create(Opening.app(File(folder, "bob"), key), "mimi://a.example/u/bob", "mimi://a.example/d/bob-phone")
        bob.advertise(Supported.with())
        val (joined, read) = List(2) { CompletableDeferred<String>() }
        withTimeout(60_000) {
            coroutineScope {
                for (client in listOf(alice, bob)) {
                    val (user, uri) = client.reader.identity
                    network.register(user, uri)
                    launch(Dispatchers.Default) { post(client) { network.post(java.time.Instant.now(), user, uri, it) } }
                }
                launch(Dispatchers.Default) { look(bob, 0uL, {}) { message -> shown(message)?.let(read::complete) } }
                launch(Dispatchers.Default) {
                    alice.events().collect { event ->
                        val finished = event.kind as? EventKind.Task
                        if (finished?.change == TaskChange.FINISHED) joined.complete(finished.task)
                    }
                }
                settle { alice.reader.outstanding().isEmpty() && bob.reader.outstanding().isEmpty() }
                alice.createRoom(LUNCH, NewRoom(network.hubKey("mimi://a.example"), "Lunch"))
                settle { alice.reader.outstanding().isEmpty() }
                invite(alice, LUNCH, "mimi://a.example/u/bob") { error("nobody is in the way") }
                joined.await()
                bob.receive(Batch(network.mail("mimi://a.example/d/bob-phone", 0u)))
                settle { bob.reader.rooms().single().phase == Phase.JOINED && bob.reader.outstanding().isEmpty() }
                alice.receive(Batch(network.mail("mimi://a.example/d/alice-phone", 0u)))
                say(alice, LUNCH)!!
                settle { alice.reader.outstanding().isEmpty() }
                val notified = mutableListOf<Preview>()
                val pushed = network.mail("mimi://a.example/d/bob-phone", 0u).last()
                pushed(Opening.extension(File(folder, "bob"), key), pushed, notified::add)
                assertEquals(listOf("mimi://a.example/u/alice"), notified.map { it.sender })
                bob.wake()
                assertEquals("<p>Hello, <b>you</b>!</p>", read.await())
                coroutineContext.cancelChildren()
            }
        }
        alice.close()
        bob.close()
        network.close()
    }

    private fun log(change: ClientChange, advice: Advice) = check("$change: $advice".isNotEmpty())

    private suspend fun settle(done: () -> Boolean) {
        while (!done()) delay(5)
    }
}
