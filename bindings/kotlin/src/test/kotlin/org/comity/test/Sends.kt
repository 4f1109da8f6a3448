package org.comity.test

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runBlocking
import org.comity.*
import java.io.File
import java.nio.file.Files
import java.time.Instant

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
                lunch.turn(octets, times)
                val turn = lunch.turn(octets, times)
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
    // On the client's dispatcher, as most of an app that is none of its screens.
    runBlocking(Dispatchers.IO) {
        for (line in generateSequence(::readLine)) {
            val (octets, times) = line.split(' ').map(String::toInt)
            println(lunch.turn(octets, times).entries.joinToString(",", "{", "}") { (name, nanos) -> "\"$name\":$nanos" })
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

    /** The middle one of each thing that is measured. */
    suspend fun turn(octets: Int, times: Int): Map<String, Long> {
        val text = "x".repeat(octets)
        val took = linkedMapOf<String, LongArray>()
        fun note(name: String, turn: Int, nanos: Long) {
            took.getOrPut(name) { LongArray(times) }[turn] = nanos
        }
        for (turn in 0 until times) {
            note("send", turn, send { client.send(LUNCH, text) })
            val (outgoing, made) = time { Outgoing.text(text) }
            note("text", turn, made)
            note("call", turn, send { client.raw.send(now, LUNCH, outgoing, Allow()) })
            note("nothing", turn, time { client.restored() }.second)
            note("query", turn, time { check(client.reader.task("00".repeat(16)) == null) }.second)
        }
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
