package org.comity.test

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.cancel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import org.comity.*
import java.time.Clock
import java.time.Instant
import java.time.ZoneId
import java.time.ZoneOffset
import java.util.concurrent.Executors
import kotlin.coroutines.CoroutineContext
import kotlin.test.AfterTest
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue

/** On which thread a client works. */
class PlaceTest : ClientTest() {
    private val room = NewRoom(hubKey = Network().use { it.hubKey("mimi://a.example") }, name = "Lunch")
    private val executor = Executors.newSingleThreadExecutor()
    private var woken = 0
    private val dispatcher = object : CoroutineDispatcher() {
        override fun dispatch(context: CoroutineContext, block: Runnable) {
            woken += 1
            executor.execute(block)
        }
    }

    /** A client that asks this clock whenever it begins to work. */
    private var asked = {}
    private val asking = object : Clock() {
        override fun instant(): Instant = clock.instant().also { asked() }
        override fun getZone(): ZoneId = ZoneOffset.UTC
        override fun withZone(zone: ZoneId): Clock = this
    }

    @AfterTest
    fun end() = executor.shutdown()

    /** A test in a coroutine on the client's dispatcher. */
    private fun onItsDispatcher(test: suspend CoroutineScope.(Client) -> Unit) = runBlocking(dispatcher) {
        Client.create(opening, ALICE, PHONE, dispatcher, asking).use {
            it.wake()
            test(it)
        }
    }

    @Test
    fun `who is on the client's dispatcher works in place, but for what takes long`() = onItsDispatcher { client ->
        val before = woken
        client.createRoom(LUNCH, room)
        client.reader.outstanding().forEach { client.answer(it.id, Answer.Undeliverable) }
        assertEquals(before, woken, "no thread was woken")
        client.receive(Batch(emptyList()))
        assertTrue(woken > before, "receive goes on without its caller")
    }

    @Test
    fun `who is cancelled while it works in place has done what it began`() = onItsDispatcher { client ->
        launch {
            asked = { coroutineContext.cancel() }
            assertFailsWith<CancellationException> { client.createRoom(LUNCH, room) }
            asked = {}
        }.join()
        assertEquals(listOf(LUNCH), client.reader.rooms().map { it.uri })
    }

    @Test
    fun `what fails in place is told, and the next call has its turn`() = onItsDispatcher { client ->
        invalid("uri_scheme") { client.createRoom("lunch", room) }
        assertEquals(Made.Room(LUNCH), client.createRoom(LUNCH, room).made)
    }

    @Test
    fun `a thread that is not of the dispatcher is not worked on, whatever its coroutine says`() = runBlocking {
        Client.create(opening, ALICE, PHONE, dispatcher, asking).use { client ->
            val threads = mutableSetOf<Thread>()
            asked = { threads += Thread.currentThread() }
            coroutineScope { launch(dispatcher, start = CoroutineStart.UNDISPATCHED) { client.wake() } }
            withContext(dispatcher) { client.wake() }
            assertEquals(1, threads.size)
            assertTrue(Thread.currentThread() !in threads)
        }
    }
}
