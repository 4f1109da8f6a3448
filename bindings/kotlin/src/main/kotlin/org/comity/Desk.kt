package org.comity

import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.suspendCancellableCoroutine
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.withLock
import kotlin.coroutines.ContinuationInterceptor
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.resumeWithException

/** Where a client works: one call at a time, on threads of a dispatcher. */
internal class Desk(private val dispatcher: CoroutineDispatcher) {
    /** What waits for its turn, in order. */
    val queue: CoroutineDispatcher = dispatcher.limitedParallelism(1, "comity")
    private val turn = ReentrantLock()
    private val queued = AtomicInteger()

    /** Whether this thread has been seen to be one of the dispatcher's. What a coroutine says of itself is no proof: it may be undispatched. */
    private val ours = ThreadLocal<Boolean>()

    /** Does the work of a call on the dispatcher, wherever the caller goes meanwhile. What was opened for a caller who is gone is closed. */
    suspend fun <R> away(work: () -> R): R {
        currentCoroutineContext().ensureActive()
        return suspendCancellableCoroutine { caller ->
            queued.incrementAndGet()
            queue.dispatch(EmptyCoroutineContext) {
                ours.set(true)
                val result = runCatching { turn.withLock(work) }
                queued.decrementAndGet()
                result.fold(
                    { caller.resume(it) { _, lost, _ -> (lost as? AutoCloseable)?.close() } },
                    caller::resumeWithException,
                )
            }
        }
    }

    /**
     * Does the work of a short call: in place if the caller is on the dispatcher as it is and nothing waits, because to wake another thread
     * and be woken takes as long as the work itself. A caller that is cancelled meanwhile goes when the work is done.
     */
    suspend fun <R> here(work: () -> R): R {
        val context = currentCoroutineContext()
        context.ensureActive()
        val isHere = context[ContinuationInterceptor] === dispatcher && ours.get() == true
        if (!isHere || queued.get() > 0 || !turn.tryLock()) return away(work)
        val result = try {
            work()
        } finally {
            turn.unlock()
        }
        context.ensureActive()
        return result
    }

    /** Does the work of a call now, on this thread, after the call that is running. */
    fun <R> now(work: () -> R): R = turn.withLock(work)
}
