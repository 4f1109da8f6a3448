package org.comity

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.FlowCollector
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.flowOn
import java.util.concurrent.CopyOnWriteArraySet

/** What the steps of a client tell those who collect its flows. The file is the memory; this only says when to look again. */
internal class Told {
    /** Those who want to be told of the requests of every step, and of nothing (null) when the file is open again. */
    private val listeners = CopyOnWriteArraySet<Channel<List<Request>?>>()

    @Volatile
    private var ended = false

    fun tell(step: Step) = listeners.forEach { it.trySend(step.requests) }

    fun resumed() = listeners.forEach { it.trySend(null) }

    fun end() {
        ended = true
        listeners.forEach { it.close() }
    }

    fun events(after: ULong, open: suspend () -> Reader): Flow<Event> = listening(Channel.CONFLATED, open) { told, reader ->
        var last = after
        do {
            do {
                val page = unlessClosed { reader().events(last, PAGE) }.orEmpty()
                page.forEach {
                    emit(it)
                    last = it.seq
                }
            } while (page.size == PAGE.toInt())
        } while (!told.receiveCatching().isClosed)
    }

    fun requests(open: suspend () -> Reader): Flow<Request> = listening(Channel.UNLIMITED, open) { told, reader ->
        while (true) {
            val emitted = HashMap<RequestId, UInt>()
            val isListed = list(emitted, reader)
            do {
                val next = told.receiveCatching()
                if (next.isClosed) return@listening
                // What was not listed is in the file, this step's requests too. What a step tells and the file as well is told once.
                val requests = next.getOrNull()?.takeIf { isListed }
                requests?.forEach { if (emitted.remove(it.id) != it.attempt) emit(it) }
            } while (requests != null)
        }
    }

    /** Tells what nobody has answered. Whether that was all of it: the client may be paused meanwhile. */
    private suspend fun FlowCollector<Request>.list(emitted: HashMap<RequestId, UInt>, reader: suspend () -> Reader): Boolean {
        var last: RequestId? = null
        do {
            val page = unlessClosed { reader().outstanding(last, PAGE) } ?: return false
            page.forEach {
                emit(it)
                emitted[it.id] = it.attempt
            }
            last = page.lastOrNull()?.id
        } while (page.size == PAGE.toInt())
        return true
    }

    /** A flow that is told of steps, and has a reader of its own, opened when it first asks for it. */
    private fun <T> listening(
        capacity: Int,
        open: suspend () -> Reader,
        body: suspend FlowCollector<T>.(Channel<List<Request>?>, suspend () -> Reader) -> Unit,
    ): Flow<T> = flow {
        val told = Channel<List<Request>?>(capacity)
        var reader: Reader? = null
        listeners.add(told)
        if (ended) told.close()
        try {
            body(told) { reader ?: open().also { reader = it } }
        } finally {
            listeners.remove(told)
            reader?.close()
        }
    }.flowOn(Dispatchers.IO)

    /** What a question comes to; null while the client is paused, and once it is closed. */
    private suspend fun <R> unlessClosed(ask: suspend () -> R): R? = try {
        ask()
    } catch (_: ComityException.Paused) {
        null
    } catch (fault: ComityException.Misuse) {
        if (ended) null else throw fault
    }

    private companion object {
        const val PAGE = 1000u
    }
}
