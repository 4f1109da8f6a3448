package org.comity.test

import org.comity.*
import java.io.File
import java.time.Clock
import java.time.Instant
import java.time.ZoneId
import java.time.ZoneOffset

/** A clock that stands still until it is set. */
class StoppedClock(var now: Instant = Instant.ofEpochMilli(System.currentTimeMillis())) : Clock() {
    override fun instant(): Instant = now
    override fun getZone(): ZoneId = ZoneOffset.UTC
    override fun withZone(zone: ZoneId): Clock = this
}

/** The network, the time, and what has been told. */
internal class World : AutoCloseable {
    val network = Network()
    val clock = StoppedClock()
    val facts = mutableListOf<String>()

    fun tells(fact: String) {
        facts += fact
    }

    fun step(name: String, step: Step) {
        for (event in step.events) {
            val message = (event.kind as? EventKind.Message)?.let { " ${it.message}" }.orEmpty()
            tells("$name event ${event.seq} ${nameOf(event.kind)}$message")
        }
        for (outcome in step.frames) {
            val told = when (outcome) {
                is FrameOutcome.Done -> "done, notify ${outcome.notify}"
                is FrameOutcome.Known -> "known, notify ${outcome.notify}"
                is FrameOutcome.Held -> "held"
                is FrameOutcome.Rejected ->
                    "rejected ${outcome.reason.code.value} ${outcome.reason.name}, advice ${outcome.advice.value}"
                FrameOutcome.Other -> "?"
            }
            tells("$name frame $told")
        }
        tells("$name requests ${step.requests.size}")
    }

    fun error(error: ComityException) {
        val fault = error.fault
        tells("error ${fault.code.value} ${fault.name}, advice ${fault.advice.value}")
        fault.users.forEach { tells("error user $it") }
    }

    override fun close() = network.close()
}

/** What an app brings along. */
internal class App private constructor(
    private val world: World,
    val name: String,
    val user: UserUri,
    val uri: ClientUri,
    val file: File,
    var client: Client,
) : AutoCloseable {
    private var taken = 0
    val reader get() = client.reader

    /** Calls a verb, posts what its step asks for, and feeds the answers back until nothing is left to post. */
    suspend fun does(verb: suspend Client.() -> Step) {
        val step = client.verb()
        world.step(name, step)
        posts(step.requests)
    }

    suspend fun posts(requests: List<Request>) {
        val left = ArrayDeque(requests)
        while (left.isNotEmpty()) {
            val request = left.removeFirst()
            val answer = world.network.post(world.clock.now, user, uri, request)
            world.tells(
                when (answer) {
                    is Answer.Body -> "answered"
                    is Answer.Unreachable -> "unreachable"
                    Answer.Undeliverable -> "undeliverable"
                },
            )
            val step = client.answer(request.id, answer)
            world.step(name, step)
            left += step.requests
        }
    }

    fun plans(room: RoomUri, outgoing: Outgoing) {
        val plan = reader.plan(room, outgoing)
        world.tells("sends ${plan.sends.size} alternatives")
        plan.reach.forEach { world.tells("reach ${it.client} ${it.sees ?: "none"}") }
    }

    suspend fun sends(room: RoomUri, outgoing: Outgoing): MessageId {
        val step = client.send(room, outgoing)
        val made = step.made as Made.Message
        world.tells("message ${made.id}")
        world.step(name, step)
        posts(step.requests)
        return made.id
    }

    fun allMail(): List<Frame> = world.network.mail(uri, 0u)

    /** The frames that were not taken yet. */
    fun mail(): List<Frame> = world.network.mail(uri, taken.toUInt())

    suspend fun takesMail() {
        val frames = mail()
        taken += frames.size
        receives(frames)
    }

    suspend fun receives(frames: List<Frame>) = does { receive(Batch(frames)) }

    fun latest(room: RoomUri): Message = reader.timeline(room, Page.Latest(1u)).last()

    /** Everything that the person sees. */
    fun reads(room: RoomUri, supported: Supported) {
        for (message in reader.timeline(room, Page.Latest(100u))) {
            val edited = if (message.edits.isEmpty()) "" else " (edited)"
            val selection = message.select(supported) ?: continue
            for (chosen in selection.chosen) {
                val says = when (val body = chosen.part.body) {
                    is Body.Single -> body.single.content.decodeToString()
                    is Body.External -> "[${body.external.filename}]"
                    else -> "?"
                }
                world.tells("$name sees $says$edited, ${selection.passedOver.size} others")
            }
            selection.unsupported.forEach { world.tells("$name cannot see part ${it.index}") }
        }
    }

    fun opening(key: Int = 7) = Opening.app(file, ByteArray(32) { key.toByte() })

    override fun close() = client.close()

    companion object {
        suspend fun create(world: World, dir: File, provider: String, name: String): App {
            val user = "mimi://$provider/u/$name"
            val uri = "mimi://$provider/d/$name-phone"
            val file = File(dir, "$provider.comity")
            val opening = Opening.app(file, ByteArray(32) { 7 })
            val client = Client.create(opening, user, uri, clock = world.clock)
            world.network.register(user, uri)
            world.tells("created $uri")
            return App(world, name, user, uri, file, client)
        }
    }
}

/** What happened, such as `message_received`. A kind that the library gains does not compile until it is told here. */
internal fun nameOf(kind: EventKind): String = when (kind) {
    is EventKind.Message -> "message_" + snake(kind.change)
    is EventKind.Room -> "room_" + snake(kind.change)
    is EventKind.User -> "user_" + snake(kind.change)
    is EventKind.Task -> "task_" + kind.change.name.lowercase()
    is EventKind.Frame -> "frame_rejected"
    is EventKind.Client -> "client_" + snake(kind.change)
    EventKind.Other -> "other"
}

private fun snake(case: Any): String =
    case.javaClass.simpleName.replace(Regex("(?<=.)([A-Z])"), "_$1").lowercase()
