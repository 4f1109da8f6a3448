package org.comity.test

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runBlocking
import org.comity.*
import java.io.File
import java.nio.file.Files
import java.time.Instant

/**
 * How long a `send` takes: `--octets N --times N` prints the nanoseconds of the middle one through `Client`, then of the call of
 * uniffi's inside of it, then of a question that has nothing to answer; each after as many that do not count. See
 * `crates/ffi-test/src/bin/sends.rs`.
 */
fun main(arguments: Array<String>) {
    val given = arguments.toList().chunked(2).associate { it[0] to it[1].toInt() }
    val (octets, times) = (given["--octets"] ?: 100) to (given["--times"] ?: 500)
    val dir = Files.createTempDirectory("sends").toFile()
    try {
        Lunch(dir).use { lunch ->
            val text = "x".repeat(octets)
            // On the client's dispatcher, as most of an app that is none of its screens.
            runBlocking(Dispatchers.IO) {
                println(middle(times) { lunch.send { client.send(LUNCH, text) } })
                println(middle(times) { lunch.send { client.raw.send(lunch.now, LUNCH, Outgoing.text(text), Allow()) } })
                println(middle(times) { time { lunch.client.reader.task("00".repeat(16)) }.second })
            }
        }
    } finally {
        dir.deleteRecursively()
    }
}

private inline fun middle(times: Int, work: () -> Long): Long = List(2 * times) { work() }.drop(times).sorted()[times / 2]

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
