package org.comity

import java.nio.ByteBuffer
import java.nio.charset.CharacterCodingException

/** What went wrong: which fault, what helps, and a sentence for logs. */
public val ComityException.fault: Fault
    get() = when (this) {
        is ComityException.Misuse -> fault
        is ComityException.Blocked -> fault
        is ComityException.Busy -> fault
        is ComityException.Paused -> fault
        is ComityException.Storage -> fault
        is ComityException.Attachment -> fault
        is ComityException.Bug -> fault
    }

/** Which fault: the number of it never changes. */
public val ComityException.code: Code
    get() = fault.code

/** A call of the library. Whatever it throws is a [ComityException]. */
internal inline fun <R> crossing(call: () -> R): R = try {
    call()
} catch (panic: InternalException) {
    throw ComityException.Bug(fault(Code.PANICKED, "panicked", null, "the library panicked")).apply { initCause(panic) }
} catch (text: CharacterCodingException) {
    throw misuse(Code.INVALID_UTF8, "invalid_utf8", null, text)
} catch (deep: StackOverflowError) {
    throw misuse(Code.INVALID_ARGUMENT, "invalid_argument", "part_too_deep", deep)
} catch (gone: IllegalStateException) {
    throw misuse(Code.INVALID_ARGUMENT, "invalid_argument", "object_is_closed", gone)
}

internal fun misuse(code: Code, name: String, detail: String?, cause: Throwable): ComityException =
    ComityException.Misuse(fault(code, name, detail, "an argument is not what it should be")).apply { initCause(cause) }

internal fun fault(code: Code, name: String, detail: String?, message: String): Fault =
    Fault(code, name, detail, Advice.FIX_PROGRAM, message, emptyList(), emptyList())

/** The same octets where the library reads them without a copy. Of what is [wipe]d, nothing stays there. */
internal inline fun <R> direct(octets: ByteArray, wipe: Boolean = false, call: (ByteBuffer) -> R): R {
    val buffer = ByteBuffer.allocateDirect(octets.size)
    try {
        buffer.put(octets).flip()
        return call(buffer)
    } finally {
        if (wipe) {
            buffer.clear()
            repeat(buffer.capacity()) { buffer.put(it, 0) }
        }
    }
}
