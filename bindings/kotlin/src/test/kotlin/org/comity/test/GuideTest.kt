package org.comity.test

import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.channels.Channel
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
        // Say what this app can show: what every MIMI client can, HTML, and photos.
        client.advertise(Supported.with("text/html;charset=utf-8", "image/jpeg"))
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
            try {
                client.answer(request.id, answer)
            } catch (_: ComityException.Paused) {
                // It will come again.
            }
        }
    }
    // ANCHOR_END: post

    // ANCHOR: receive
    /** Takes what the app's server has delivered: each time as many as the step says. */
    private suspend fun take(client: Client, frames: List<Frame>) {
        var waiting = frames
        while (waiting.isNotEmpty()) {
            val step = client.receive(Batch(waiting))
            waiting = waiting.drop(step.frames.size)
        }
    }
    // ANCHOR_END: receive

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

    private suspend fun room(client: Client, hubKey: ByteArray) {
        // ANCHOR: room
        // The hub's public key is in its provider's directory. Once the event `Created` has come: `change` with `Change.Invite(user)`.
        // Who is invited answers with `client.respond(room, Response.ACCEPT)`.
        client.createRoom("mimi://a.example/r/lunch", NewRoom(hubKey, "Lunch"))
        // ANCHOR_END: room
    }

    private suspend fun change(client: Client, room: RoomUri, id: MessageId) {
        // ANCHOR: change
        client.send(room, Outgoing.text("Hello, all of you!").copy(replaces = id))
        client.send(room, Outgoing.text("I am late").copy(expires = Expiration.Relative(3600u)))
        // ANCHOR_END: change
    }

    // ANCHOR: attach
    /** A photo for whoever can show one, and words for everybody else. */
    private suspend fun photo(jpeg: ByteArray, upload: suspend (ByteArray) -> String): Outgoing {
        val sealed = Attachments.seal(jpeg) // Under a key of its own, which travels in the part.
        val url = upload(sealed.ciphertext)
        return Outgoing.of(Part.attachment(sealed.part, "image/jpeg", url, "lunch.jpg"), Part.text("A photo of lunch"))
    }
    // ANCHOR_END: attach

    private suspend fun say(client: Client, room: RoomUri): MessageId? {
        // ANCHOR: say
        val hello = Outgoing.of(Part.html("<p>Hello, <b>you</b>!</p>"), Part.text("Hello, you!"))
        val plan = client.reader.plan(room, hello)
        if (plan.unreadableBy.isNotEmpty()) return null // Ask the person first.
        val made = client.send(room, hello).made as Made.Message
        // ANCHOR_END: say
        return made.id
    }

    // ANCHOR: shown
    /** What the person sees of a message. */
    private fun shown(message: Message, supported: Supported): String? =
        when (val body = message.select(supported)?.chosen?.firstOrNull()?.part?.body) {
            is Body.Single -> body.single.content.decodeToString()
            is Body.External -> "a file: ${body.external.filename}" // Fetch it, then `Attachments.open(body.external, fetched)`.
            is Body.Multi, Body.Null, null -> null
        }
    // ANCHOR_END: shown

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
        bob.advertise(Supported.with("text/html;charset=utf-8", "image/jpeg"))
        val supported = Supported.with("text/html;charset=utf-8", "image/jpeg")
        val joined = CompletableDeferred<String>()
        val read = Channel<String>(Channel.UNLIMITED)
        withTimeout(60_000) {
            coroutineScope {
                for (client in listOf(alice, bob)) {
                    val (user, uri) = client.reader.identity
                    network.register(user, uri)
                    launch(Dispatchers.Default) { post(client) { network.post(java.time.Instant.now(), user, uri, it) } }
                }
                launch(Dispatchers.Default) { look(bob, 0uL, {}) { message -> shown(message, supported)?.let(read::trySend) } }
                launch(Dispatchers.Default) {
                    alice.events().collect { event ->
                        val finished = event.kind as? EventKind.Task
                        if (finished?.change == TaskChange.FINISHED) joined.complete(finished.task)
                    }
                }
                settle { alice.reader.outstanding().isEmpty() && bob.reader.outstanding().isEmpty() }
                room(alice, network.hubKey("mimi://a.example"))
                settle { alice.reader.outstanding().isEmpty() }
                invite(alice, LUNCH, "mimi://a.example/u/bob") { error("nobody is in the way") }
                joined.await()
                take(bob, network.mail("mimi://a.example/d/bob-phone", 0u))
                settle { bob.reader.rooms().single().phase == Phase.JOINED && bob.reader.outstanding().isEmpty() }
                take(alice, network.mail("mimi://a.example/d/alice-phone", 0u))
                val hello = say(alice, LUNCH)!!
                settle { alice.reader.outstanding().isEmpty() }
                val notified = mutableListOf<Preview>()
                val pushed = network.mail("mimi://a.example/d/bob-phone", 0u).last()
                pushed(Opening.extension(File(folder, "bob"), key), pushed, notified::add)
                assertEquals(listOf("mimi://a.example/u/alice"), notified.map { it.sender })
                bob.wake()
                assertEquals("<p>Hello, <b>you</b>!</p>", read.receive())
                val before = network.mail("mimi://a.example/d/bob-phone", 0u).size
                change(alice, LUNCH, hello)
                alice.send(LUNCH, photo("…".toByteArray()) { "https://files.example/1" })
                settle { alice.reader.outstanding().isEmpty() }
                take(bob, network.mail("mimi://a.example/d/bob-phone", before.toUInt()))
                assertEquals(listOf("Hello, all of you!", "I am late", "a file: lunch.jpg"), List(3) { read.receive() })
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
