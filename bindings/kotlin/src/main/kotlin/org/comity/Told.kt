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
    /** Those who want to be told of every step, and of nothing (null) when something else has changed. */
    private val listeners = CopyOnWriteArraySet<Channel<Step?>>()

    @Volatile
    private var ended = false

    fun tell(step: Step) = listeners.forEach { it.trySend(step) }

    fun poke() = listeners.forEach { it.trySend(null) }

    fun end() {
        ended = true
        listeners.forEach { it.close() }
    }

    fun events(after: ULong, open: suspend () -> Reader): Flow<Event> = listening(Channel.CONFLATED, open) { steps, reader ->
        var last = after
        do {
            do {
                val page = unlessPaused { reader().events(last, PAGE) }.orEmpty()
                page.forEach {
                    emit(it)
                    last = it.seq
                }
            } while (page.size == PAGE.toInt())
        } while (!steps.receiveCatching().isClosed)
    }

    fun requests(open: suspend () -> Reader): Flow<Request> = listening(Channel.UNLIMITED, open) { steps, reader ->
        // What a step tells and the file as well is told once.
        val emitted = HashMap<RequestId, UInt>()
        do {
            var last: RequestId? = null
            var listed = true
            do {
                val page = unlessPaused { reader().outstanding(last, PAGE) }
                listed = page != null
                page.orEmpty().forEach {
                    emit(it)
                    emitted[it.id] = it.attempt
                }
                last = page?.lastOrNull()?.id
            } while (page?.size == PAGE.toInt())
        } while (!listed && !steps.receiveCatching().isClosed)
        for (step in steps) {
            step?.requests.orEmpty().forEach { if (emitted.remove(it.id) != it.attempt) emit(it) }
        }
    }

    /** A flow that is told of steps, and has a reader of its own, opened when it first asks for it. */
    private fun <T> listening(
        capacity: Int,
        open: suspend () -> Reader,
        body: suspend FlowCollector<T>.(Channel<Step?>, suspend () -> Reader) -> Unit,
    ): Flow<T> = flow {
        val steps = Channel<Step?>(capacity)
        var reader: Reader? = null
        listeners.add(steps)
        if (ended) steps.close()
        try {
            body(steps) { reader ?: open().also { reader = it } }
        } catch (fault: ComityException.Misuse) {
            // A client that is closed tells nothing more.
            if (!ended) throw fault
        } finally {
            listeners.remove(steps)
            reader?.close()
        }
    }.flowOn(Dispatchers.IO)

    private companion object {
        const val PAGE = 1000u

        /** What a question comes to; null while the client is paused. */
        suspend fun <R> unlessPaused(ask: suspend () -> R): R? = try {
            ask()
        } catch (_: ComityException.Paused) {
            null
        }
    }
}
