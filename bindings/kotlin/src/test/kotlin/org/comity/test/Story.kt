package org.comity.test

import kotlinx.coroutines.runBlocking
import org.comity.*
import java.io.File
import java.nio.file.Files

private const val VIDEO = "video/mp4"
private const val HTML = "text/html;charset=utf-8"
private const val ROOM = "mimi://a.example/r/lunch"

/** What MIMI requires of every client, and films. */
private val basic get() = Supported.with(VIDEO)

/** HTML too. */
private val enhanced get() = Supported.with(VIDEO, HTML)

/** `--seed N --names a,b`: tells the story that every language tells, fact for fact the same. */
fun main(arguments: Array<String>) {
    val given = arguments.toList().chunked(2).associate { it[0] to it[1] }
    seed(given.getValue("--seed"))
    val (first, second) = given.getValue("--names").split(",")
    val dir = Files.createTempDirectory("story").toFile()
    try {
        Story(dir, first, second).use { story ->
            runBlocking { story.tell() }
            print(story.world.facts.joinToString("") { "$it\n" })
        }
    } finally {
        dir.deleteRecursively()
    }
}

/** Two clients of two providers, from key packages to a restart in the middle. */
private class Story(dir: File, first: String, second: String) : AutoCloseable {
    val world = World()
    private val alice = runBlocking { App.create(world, dir, "a.example", first) }
    private val bob = runBlocking { App.create(world, dir, "b.example", second) }

    suspend fun tell() {
        meet()
        val first = talk()
        attach()
        editAndReact(first)
        vanish()
        upgrade()
        tamper()
        restart()
    }

    /** Key packages, a room, an invitation. */
    private suspend fun meet() {
        world.tells("meet")
        alice.does { advertise(enhanced) }
        bob.does { advertise(basic) }
        alice.does { createRoom(ROOM, NewRoom(world.network.hubKey("mimi://a.example"), "Lunch")) }
        alice.does { change(ROOM, Change.Invite(bob.user)) }
        bob.takesMail()
        bob.does { respond(ROOM, Response.ACCEPT) }
        alice.takesMail()
    }

    /** A message that is read in two ways, and one that somebody could not read. */
    private suspend fun talk(): MessageId {
        world.tells("talk")
        val hello = Outgoing.of(Part.html("<p>Hello, <b>you</b>!</p>"), Part.text("Hello, you!"))
        alice.plans(ROOM, hello)
        val id = alice.sends(ROOM, hello)
        bob.takesMail()
        bob.reads(ROOM, basic)
        try {
            alice.client.send(ROOM, Outgoing.of(Part.html("<p>Only for some</p>")))
            error("a message that nobody could read was sent")
        } catch (blocked: ComityException.Blocked) {
            world.error(blocked)
        }
        return id
    }

    /** A file that lies elsewhere; one that was changed on the way. */
    private suspend fun attach() {
        world.tells("attach")
        val film = ByteArray(100_000) { it.toByte() }
        val sealed = Attachments.seal(film)
        val part = Part.attachment(sealed.part, VIDEO, "https://a.example/film", filename = "film.mp4")
        alice.sends(ROOM, Outgoing.of(part))
        bob.takesMail()
        val shown = bob.latest(ROOM).content!!.part.body as Body.External
        val opened = Attachments.open(shown.external, sealed.ciphertext)
        val same = opened.plaintext.contentEquals(film)
        world.tells("opened ${opened.plaintext.size} octets, same $same, hash checked ${opened.hashChecked}")
        sealed.ciphertext[5] = (sealed.ciphertext[5].toInt() xor 1).toByte()
        try {
            Attachments.open(shown.external, sealed.ciphertext)
            error("a changed attachment was opened")
        } catch (changed: ComityException.Attachment) {
            world.tells("not opened: ${changed.fault.name}")
        }
    }

    private suspend fun editAndReact(first: MessageId) {
        world.tells("edit")
        alice.sends(ROOM, Outgoing.text("Hello again!").copy(replaces = first))
        bob.takesMail()
        bob.sends(ROOM, Outgoing.reaction(first, "\uD83C\uDF55"))
        alice.takesMail()
        for (reaction in alice.reader.message(first)!!.reactions) {
            world.tells("reaction ${reaction.text.joinToString(" ")} by ${reaction.by}")
        }
        bob.reads(ROOM, basic)
    }

    /** A message that vanishes a minute after it was read. */
    private suspend fun vanish() {
        world.tells("vanish")
        val secret = Outgoing.text("Burn this").copy(expires = Expiration.Relative(60u))
        val id = alice.sends(ROOM, secret)
        bob.takesMail()
        val position = bob.latest(ROOM).position
        bob.does { read(ROOM, position) }
        world.tells("there: ${bob.reader.message(id) != null}")
        world.clock.now = world.clock.now.plusSeconds(61)
        world.tells("there: ${bob.reader.message(id) != null}")
        bob.does { wake() }
    }

    /** Bob's app learns to show HTML. */
    private suspend fun upgrade() {
        world.tells("upgrade")
        bob.does { advertise(enhanced) }
        alice.takesMail()
        val hello = Outgoing.of(Part.html("<p>See?</p>"), Part.text("See?"))
        alice.plans(ROOM, hello)
        alice.sends(ROOM, hello)
        bob.takesMail()
        bob.reads(ROOM, enhanced)
    }

    /** A frame with one flipped bit, then the frame itself. */
    private suspend fun tamper() {
        world.tells("tamper")
        alice.sends(ROOM, Outgoing.text("Still me"))
        val frame = bob.mail().first()
        frame.bytes[200] = (frame.bytes[200].toInt() xor 1).toByte()
        bob.receives(listOf(frame))
        bob.takesMail()
    }

    /** The process ends between a step and its requests, and is started again. */
    private suspend fun restart() {
        world.tells("restart")
        world.step(alice.name, alice.client.send(ROOM, "Before the restart"))
        alice.client.pause()
        try {
            Client.open(alice.opening(key = 8), clock = world.clock)
            error("a wrong key opened the file")
        } catch (storage: ComityException.Storage) {
            world.error(storage)
        }
        alice.client = Client.open(alice.opening(), clock = world.clock)
        val requests = alice.reader.outstanding(limit = 100u)
        world.tells("outstanding ${requests.size}")
        alice.posts(requests)
        bob.takesMail()
        bob.receives(listOf(bob.allMail().last()))
        bob.reads(ROOM, enhanced)
        val health = bob.reader.health()
        world.tells("messages ${health.messages}, damage ${health.damage ?: "none"}")
    }

    override fun close() {
        alice.close()
        bob.close()
        world.close()
    }
}
