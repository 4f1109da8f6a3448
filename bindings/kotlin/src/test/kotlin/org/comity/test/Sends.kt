package org.comity.test

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.runBlocking
import org.comity.*
import java.io.File
import java.nio.file.Files
import java.time.Instant
import java.util.concurrent.Executors

/**
 * How long a `send` takes: `--octets N --times N` prints the nanoseconds of the middle one through `Client`, then of the call of
 * uniffi's inside of it, then of a question that has nothing to answer; each after as many that do not count. With `--folder DIR` what
 * is to be done comes line by line, as `cargo xtask bench faces` has it. See `crates/ffi-test/src/bin/sends.rs`.
 */
fun main(arguments: Array<String>) {
    val given = arguments.toList().chunked(2).associate { it[0] to it[1] }
    when (val folder = given["--folder"]) {
        null -> measure(given["--octets"]?.toInt() ?: 100, given["--times"]?.toInt() ?: 500)
        else -> takeTurns(File(folder))
    }
}

private fun measure(octets: Int, times: Int) {
    val dir = Files.createTempDirectory("sends").toFile()
    try {
        Lunch(dir).use { lunch ->
            runBlocking(Dispatchers.IO) {
                lunch.here(octets, times)
                val turn = lunch.here(octets, times)
                println(turn.getValue("send"))
                println(turn.getValue("text") + turn.getValue("call"))
                println(turn.getValue("query"))
            }
        }
    } finally {
        dir.deleteRecursively()
    }
}

private fun takeTurns(folder: File) = Lunch(folder).use { lunch ->
    Executors.newSingleThreadExecutor().asCoroutineDispatcher().use { screen ->
        for (line in generateSequence(::readLine)) {
            val (octets, times) = line.split(' ').map(String::toInt)
            // On the client's dispatcher, as most of an app; then on one thread that must not wait for a disk, as its screens.
            val turn = runBlocking(Dispatchers.IO) { lunch.here(octets, times) } + runBlocking(screen) { lunch.away(octets, times) }
            println(turn.entries.joinToString(",", "{", "}") { (name, nanos) -> "\"$name\":$nanos" })
        }
    }
}

private inline fun <R> time(work: () -> R): Pair<R, Long> {
    val begun = System.nanoTime()
    val result = work()
    return result to System.nanoTime() - begun
}

/** A client alone in its room. */
private class Lunch(dir: File) : AutoCloseable {
    val now: Instant = Instant.ofEpochMilli(1_790_000_000_000)
    val network = Network().apply { register(ALICE, PHONE) }
    val client = runBlocking {
        val opening = Opening.app(File(dir, "alice.comity"), ByteArray(32) { 7 })
        Client.create(opening, ALICE, PHONE, clock = StoppedClock(now))
    }

    init {
        runBlocking { post(client.createRoom(LUNCH, NewRoom(network.hubKey("mimi://a.example"), "Lunch"))) }
    }

    /** What is measured where the client works, the middle one of each. */
    suspend fun here(octets: Int, times: Int): Map<String, Long> {
        val text = "x".repeat(octets)
        return turn(times) { note ->
            note("send", send { client.send(LUNCH, text) })
            val (outgoing, made) = time { Outgoing.text(text) }
            note("text", made)
            note("call", send { client.raw.send(now, LUNCH, outgoing, Allow()) })
            note("nothing", time { client.restored() }.second)
            note("query", time { askNothing() }.second)
        }
    }

    /** What is measured elsewhere. */
    suspend fun away(octets: Int, times: Int): Map<String, Long> {
        val text = "x".repeat(octets)
        return turn(times) { note ->
            note("away", send { client.send(LUNCH, text) })
            note("reach", time { client.restored() }.second)
            askNothing()
        }
    }

    /** Asks the reader about a task that nobody has begun. */
    private fun askNothing() = check(client.reader.task("00".repeat(16)) == null)

    private inline fun turn(times: Int, measure: (note: (String, Long) -> Unit) -> Unit): Map<String, Long> {
        val took = linkedMapOf<String, MutableList<Long>>()
        repeat(times) { measure { name, nanos -> took.getOrPut(name) { ArrayList(times) }.add(nanos) } }
        return took.mapValues { (_, nanos) -> nanos.sorted()[times / 2] }
    }

    /** Sends, and has it accepted. The nanoseconds of sending alone. */
    suspend inline fun send(work: Lunch.() -> Step): Long {
        val (step, nanos) = time { work() }
        post(step)
        return nanos
    }

    suspend fun post(step: Step) {
        val requests = step.requests.toMutableList()
        while (requests.isNotEmpty()) {
            val request = requests.removeAt(requests.lastIndex)
            requests += client.answer(request.id, network.post(now, ALICE, PHONE, request)).requests
        }
    }

    override fun close() = client.close()
}
