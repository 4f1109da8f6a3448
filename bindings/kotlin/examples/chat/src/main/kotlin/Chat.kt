// A console chat: Comity, and the relay of docs/relay.md, which says what the arguments are.
//   mvn package && java -cp 'target/classes:target/lib/*' ChatKt --relay http://127.0.0.1:8787 --user alice --file a --with bob --say hi

import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.onEach
import kotlinx.coroutines.future.await
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.comity.*
import java.io.File
import java.io.IOException
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpRequest.BodyPublishers
import java.net.http.HttpResponse
import java.net.http.HttpResponse.BodyHandlers
import java.time.Instant
import kotlin.concurrent.thread
import kotlin.system.exitProcess
import kotlin.time.Duration.Companion.INFINITE
import kotlin.time.Duration.Companion.seconds

/** The arguments: pairs, some of which may be there several times. */
private class Arguments(words: Array<String>) {
    private val pairs = words.toList().chunked(2) { it.first() to it.last() }

    fun all(name: String) = pairs.filter { it.first == name }.map { it.second }
    fun one(name: String) = all(name).firstOrNull()
    fun needed(name: String) = one(name) ?: stop("docs/relay.md tells the arguments")
}

private fun stop(why: String): Nothing {
    System.err.println("chat: $why")
    exitProcess(1)
}

/** The URIs of `alice`, or of `alice@a.example`. */
private class Name(typed: String) {
    private val domain = typed.substringAfter('@', "relay.example")
    private val name = typed.substringBefore('@')
    val provider = "mimi://$domain"
    val user = "$provider/u/$name"
    val client = "$provider/d/$name"
}

/** The transport: the calls of docs/relay.md. */
private class Relay(private val url: String, private val me: Name) {
    private val http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()

    suspend fun login() {
        val reply = post("login", ByteArray(0), "Comity-User" to me.user)
        if (reply.statusCode() != 204) stop("no login: ${reply.body().decodeToString()}")
    }

    suspend fun users(): List<UserUri> = get("users").body().decodeToString().lines()

    suspend fun hubKey(): ByteArray = get("hub-key", "Comity-To" to me.provider).body()

    /** Posts a request, and says what came back. */
    suspend fun request(request: Request): Answer = try {
        val reply = post(
            "request", request.body,
            "Comity-Id" to request.id, "Comity-Kind" to request.kind.name, "Comity-To" to request.to,
            *listOfNotNull(request.lane?.let { "Comity-Lane" to it }).toTypedArray(),
        )
        when (reply.statusCode()) {
            200 -> Answer.Body(reply.body())
            404 -> Answer.Undeliverable
            else -> Answer.Unreachable()
        }
    } catch (_: IOException) {
        Answer.Unreachable()
    }

    /** The next frame of the mailbox behind a place in it, and its own place; null if none comes for a while. */
    suspend fun frame(after: Cursor?): Batch? {
        val reply = get("frame", "Comity-After" to (after?.position?.decodeToString() ?: "0"), "Comity-Wait" to "20")
        if (reply.statusCode() != 200) return null
        fun header(name: String) = reply.headers().firstValue(name).get()
        val frame = Frame(header("Comity-Room"), header("Comity-Hub"), FrameKind.FANOUT, reply.body())
        return Batch(listOf(frame), Cursor("relay", header("Comity-Cursor").toByteArray()))
    }

    private suspend fun get(what: String, vararg headers: Pair<String, String>) = call(what, headers) { GET() }

    private suspend fun post(what: String, body: ByteArray, vararg headers: Pair<String, String>) =
        call(what, headers) { POST(BodyPublishers.ofByteArray(body)) }

    private suspend fun call(
        what: String, headers: Array<out Pair<String, String>>, method: HttpRequest.Builder.() -> HttpRequest.Builder,
    ): HttpResponse<ByteArray> {
        val request = HttpRequest.newBuilder(URI("$url/$what")).header("Comity-From", me.client).method()
        headers.forEach { (name, value) -> request.header(name, value) }
        return http.sendAsync(request.build(), BodyHandlers.ofByteArray()).await()
    }
}

private class Chat(private val client: Client, private val relay: Relay, private val guests: List<UserUri>) {
    /** The room, once everybody is in it. */
    val room = CompletableDeferred<RoomUri>()
    var seen = 0
    var accepted = 0

    /** What an app does for as long as it runs. */
    fun startIn(scope: CoroutineScope) = with(scope) {
        client.reader.rooms().lastOrNull { it.phase == Phase.JOINED }?.let { room.complete(it.uri) }
        launch { client.requests().collect { client.answer(it.id, relay.request(it)) } }
        launch {
            while (true) {
                val batch = try { relay.frame(client.reader.cursor("relay")) } catch (_: IOException) { null }
                if (batch != null) client.receive(batch) else delay(1.seconds)
            }
        }
        launch {
            while (true) {
                if (client.reader.wakeAt()?.isAfter(Instant.now()) == false) client.wake()
                delay(1.seconds)
            }
        }
    }

    /** Looks at what happens until it is enough. What was looked at is forgotten: the next start begins behind it. */
    suspend fun lookUntil(isEnough: () -> Boolean) =
        client.events().onEach { look(it.kind).also { _ -> client.forget(it.seq) } }.first { isEnough() }

    private suspend fun look(event: EventKind) {
        when (event) {
            is EventKind.Room -> when (event.change) {
                is RoomChange.Invited -> client.respond(event.room, Response.ACCEPT)
                RoomChange.Created -> client.change(event.room, guests.map { Change.Invite(it) })
                RoomChange.Joined -> if (guests.isEmpty()) room.complete(event.room)
                else -> {}
            }
            is EventKind.Message -> when (val change = event.change) {
                MessageChange.Received -> show(event.message).also { seen++ }
                MessageChange.Accepted -> show(event.message).also { accepted++ }
                is MessageChange.Refused -> stop("a message was refused: ${change.reason.name}")
                else -> {}
            }
            is EventKind.Task ->
                if (event.change == TaskChange.FINISHED) client.reader.task(event.task)?.let { room.complete(it.room) }
            is EventKind.User, is EventKind.Frame, is EventKind.Client, EventKind.Other -> {}
        }
    }

    /** An app asks `select` which part it is to show. This one is sent plain text, for it advertises nothing more. */
    private fun show(id: MessageId) {
        val message = client.reader.message(id)
        val text = message?.content?.part?.body as? Body.Single
        if (text != null) println("${message.sender}: ${text.single.content.decodeToString()}")
    }
}

private suspend fun chat(arguments: Arguments) {
    val me = Name(arguments.needed("--user"))
    val relay = Relay(arguments.needed("--relay"), me)
    val guests = arguments.all("--with").map { Name(it).user }
    val file = File(arguments.needed("--file"))
    val isNew = !file.exists()
    // An app draws 32 random octets once and keeps them in the device's keystore: not in the program, and not beside the file.
    val opening = Opening.app(file, "only an example may do it so...!".toByteArray())
    val client = if (isNew) Client.create(opening, me.user, me.client) else Client.open(opening)
    client.use {
        relay.login()
        if (isNew) client.advertise(Supported.with())
        val chat = Chat(client, relay, guests)
        val says = arguments.all("--say")
        val until = arguments.one("--until-seen")?.toInt()
        val typed = Channel<String>(Channel.UNLIMITED)
        thread(isDaemon = true) { generateSequence(::readlnOrNull).forEach(typed::trySend) }
        coroutineScope {
            chat.startIn(this)
            launch {
                val room = chat.room.await()
                says.forEach { client.send(room, it) }
                for (line in typed) if (line.isNotEmpty()) client.send(room, line)
            }
            if (guests.isNotEmpty()) {
                while (!relay.users().containsAll(guests)) delay(200)
                client.createRoom("${me.provider}/r/chat-${System.currentTimeMillis()}", NewRoom(relay.hubKey()))
            }
            chat.lookUntil { until != null && chat.seen >= until && chat.accepted >= says.size }
            coroutineContext.cancelChildren()
        }
    }
}

fun main(words: Array<String>) = runBlocking {
    val arguments = Arguments(words)
    withTimeout(arguments.one("--quit-after")?.toInt()?.seconds ?: INFINITE) { chat(arguments) }
}
