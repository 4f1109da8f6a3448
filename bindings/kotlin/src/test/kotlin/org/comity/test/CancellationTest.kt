package org.comity.test

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.async
import kotlinx.coroutines.cancel
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.test.StandardTestDispatcher
import kotlinx.coroutines.test.runTest
import kotlinx.coroutines.withTimeout
import org.comity.*
import java.io.File
import java.util.concurrent.Executor
import java.util.concurrent.Executors
import java.util.concurrent.Semaphore
import java.util.concurrent.TimeUnit
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue

/** What has begun is finished; where it works; what its flows tell. */
class CancellationTest : ClientTest() {
    private val room = NewRoom(hubKey = Network().use { it.hubKey("mimi://a.example") }, name = "Lunch")

    @Test
    fun `a caller that is cancelled goes at once, and what it began is done`() {
        val gate = Semaphore(0)
        val executor = Executors.newSingleThreadExecutor()
        runBlocking {
            val client = Client.create(opening, ALICE, PHONE, executor.asCoroutineDispatcher(), clock)
            val told = Channel<Request>(Channel.UNLIMITED)
            val posting = launch(Dispatchers.Default) { client.requests().collect(told::send) }
            client.restock(0u)
            assertEquals(RequestKind.PUBLISH_KEY_PACKAGES, withTimeout(60_000) { told.receive() }.kind)
            // The client's only thread is held up, so that the call cannot be over when its caller is cancelled.
            executor.hold(gate)
            val caller = launch(start = CoroutineStart.UNDISPATCHED) { client.createRoom(LUNCH, room) }
            withTimeout(60_000) { caller.cancelAndJoin() }
            assertEquals(emptyList(), client.reader.rooms(), "the call has not begun to work")
            gate.release()
            assertEquals(RequestKind.CREATE_ROOM, withTimeout(60_000) { told.receive() }.kind)
            assertEquals(listOf(LUNCH), client.reader.rooms().map { it.uri })
            posting.cancelAndJoin()
            client.close()
        }
        executor.shutdown()
    }

    @Test
    fun `a client whose creator is gone is on disk, and closed`() {
        val gate = Semaphore(0)
        val executor = Executors.newSingleThreadExecutor()
        val dispatcher = executor.asCoroutineDispatcher()
        runBlocking {
            executor.hold(gate)
            val creator = launch(start = CoroutineStart.UNDISPATCHED) { Client.create(opening, ALICE, PHONE, dispatcher, clock) }
            withTimeout(60_000) { creator.cancelAndJoin() }
            gate.release()
            executor.shutdown()
            assertTrue(executor.awaitTermination(60, TimeUnit.SECONDS))
            Client.open(opening).use { assertEquals(ALICE, it.reader.identity.user) }
        }
    }

    @Test
    fun `a caller that is cancelled already begins nothing`() = withClient { client ->
        coroutineScope {
            launch {
                coroutineContext.cancel()
                assertFailsWith<CancellationException> { client.createRoom(LUNCH, room) }
            }
        }
        client.wake()
        assertEquals(emptyList(), client.reader.rooms())
    }

    @Test
    fun `calls of many coroutines go one at a time`() = withClient { client ->
        coroutineScope {
            repeat(50) { number -> launch(Dispatchers.Default) { client.createRoom("$LUNCH-$number", room) } }
        }
        assertEquals(50, client.reader.rooms().size)
    }

    @Test
    fun `what waits its turn is done before a client that is woken and then closed, whoever is gone`() {
        val gate = Semaphore(0)
        val executor = Executors.newSingleThreadExecutor()
        runBlocking {
            val client = Client.create(opening, ALICE, PHONE, executor.asCoroutineDispatcher(), clock)
            executor.hold(gate)
            val callers = List(20) { launch(start = CoroutineStart.UNDISPATCHED) { client.createRoom("$LUNCH-$it", room) } }
            callers.forEach { it.cancelAndJoin() }
            gate.release()
            client.wake()
            client.close()
            Client.open(opening).use { assertEquals(20, it.reader.rooms().size) }
        }
        executor.shutdown()
    }

    @Test
    fun `a client works on the dispatcher that it is given`() = runTest {
        val dispatcher = StandardTestDispatcher(testScheduler)
        Client.create(opening, ALICE, PHONE, dispatcher, clock).use { client ->
            val made = async { client.createRoom(LUNCH, room).made }
            assertEquals(emptyList(), client.reader.rooms())
            testScheduler.advanceUntilIdle()
            assertEquals(Made.Room(LUNCH), made.await())
        }
    }

    @Test
    fun `events come from the log, then as they happen, and wait for a paused client`() = withClient { client ->
        val supported = Supported(Supported.baseline, emptyList())
        client.answer(client.advertise(supported).requests.single().id, Answer.Undeliverable)
        client.createRoom(LUNCH, room)
        val request = client.reader.outstanding().last()
        client.answer(request.id, Answer.Undeliverable)
        val before = client.reader.events(0uL)
        assertTrue(before.isNotEmpty())
        coroutineScope {
            val told = async(Dispatchers.Default) { client.events().take(before.size + 1).toList() }
            val rest = async(Dispatchers.Default) { client.events(before.last().seq).first() }
            client.pause()
            client.resume()
            client.createRoom("$LUNCH-2", room)
            client.answer(client.reader.outstanding().last().id, Answer.Undeliverable)
            val events = withTimeout(60_000) { told.await() }
            assertEquals((1..events.size).map { it.toULong() }, events.map { it.seq })
            assertEquals(before, events.dropLast(1))
            assertEquals(events.last(), rest.await())
        }
    }

    @Test
    fun `requests are those that nobody has answered, then each new one, once`() = withClient { client ->
        client.createRoom(LUNCH, room)
        coroutineScope {
            val told = async(Dispatchers.Default) { client.requests().take(3).toList() }
            client.createRoom("$LUNCH-2", room)
            client.createRoom("$LUNCH-3", room)
            val requests = withTimeout(60_000) { told.await() }
            assertEquals(client.reader.outstanding().map { it.id }, requests.map { it.id })
        }
    }

    @Test
    fun `requests that nobody had answered when the client was paused come again when it is resumed`() = withClient { client ->
        val told = Channel<Request>(Channel.UNLIMITED)
        coroutineScope {
            val posting = launch(Dispatchers.Default) { client.requests().collect(told::send) }
            client.createRoom(LUNCH, room)
            val first = withTimeout(60_000) { told.receive() }
            client.pause()
            assertFailsWith<ComityException.Paused> { client.answer(first.id, Answer.Undeliverable) }
            client.resume()
            assertEquals(first.id, withTimeout(60_000) { told.receive() }.id)
            client.createRoom("$LUNCH-2", room)
            val rest = client.reader.outstanding().map { it.id } - first.id
            assertEquals(rest, List(rest.size) { withTimeout(60_000) { told.receive() }.id }, "and what follows, once")
            posting.cancelAndJoin()
            assertTrue(told.isEmpty)
        }
    }

    @Test
    fun `a client that was resumed for a caller who is gone tells what there is`() {
        val gate = Semaphore(0)
        val executor = Executors.newSingleThreadExecutor()
        runBlocking {
            val client = Client.create(opening, ALICE, PHONE, executor.asCoroutineDispatcher(), clock)
            client.createRoom(LUNCH, room)
            client.pause()
            val told = async(Dispatchers.Default) { client.requests().first() }
            // Whoever listens has found that the client is paused by then, or finds it resumed later.
            delay(100)
            executor.hold(gate)
            val caller = launch(start = CoroutineStart.UNDISPATCHED) { client.resume() }
            withTimeout(60_000) { caller.cancelAndJoin() }
            gate.release()
            assertEquals(RequestKind.CREATE_ROOM, withTimeout(60_000) { told.await() }.kind)
            client.close()
        }
        executor.shutdown()
    }

    @Test
    fun `a reader that was opened for a caller who is gone is closed`() {
        val gate = Semaphore(0)
        val executor = Executors.newSingleThreadExecutor()
        runBlocking {
            val client = Client.create(opening, ALICE, PHONE, executor.asCoroutineDispatcher(), clock)
            // SQLite keeps a handle that it may not close yet, and takes it for the next connection.
            client.anotherReader().close()
            val before = handles()
            executor.hold(gate)
            val callers = List(10) { launch(start = CoroutineStart.UNDISPATCHED) { client.anotherReader() } }
            callers.forEach { withTimeout(60_000) { it.cancelAndJoin() } }
            gate.release()
            client.wake()
            assertEquals(before, handles())
            client.anotherReader().use { assertTrue(handles() > before) }
            client.close()
        }
        executor.shutdown()
    }

    /** Holds the only thread up. On it already when this returns: a worker that was about to end takes what comes until then. */
    private fun Executor.hold(gate: Semaphore) {
        val held = Semaphore(0)
        execute {
            held.release()
            gate.acquire()
        }
        held.acquire()
    }

    /** How many handles this process has on the client's files. */
    private fun handles() = File("/proc/self/fd").listFiles().orEmpty().count { it.canonicalPath.startsWith(file.path) }

    @Test
    fun `what a collector throws is the collector's, also of a closed client`() = runBlocking {
        for (place in listOf(Dispatchers.IO, Dispatchers.Default)) {
            val client = Client.create(Opening.app(File(dir, "$place"), key), ALICE, PHONE, clock = clock)
            client.createRoom(LUNCH, room)
            val posting = async(SupervisorJob() + place) {
                client.requests().collect {
                    client.close()
                    client.answer(it.id, Answer.Undeliverable)
                }
            }
            invalid("client_is_closed") { withTimeout(60_000) { posting.await() } }
        }
    }

    @Test
    fun `flows end with their client`() = runBlocking {
        val client = create()
        val events = async(Dispatchers.Default) { client.events().toList() }
        val requests = async(Dispatchers.Default) { client.requests().toList() }
        client.createRoom(LUNCH, room)
        client.close()
        withTimeout(60_000) {
            events.await()
            requests.await()
        }
        assertEquals(emptyList(), client.events().toList())
    }
}
