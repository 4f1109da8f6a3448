package org.comity

import com.sun.jna.Native
import com.sun.jna.Platform
import com.sun.jna.Pointer
import java.nio.ByteBuffer
import java.nio.ByteOrder

// What passes between Kotlin and Rust, in place of uniffi's own classes, which are structures of JNA: to hand over one of them by value
// takes microseconds, and a call has several. The generated code is written for these instead (`xtask/src/faces/kotlin/calls.rs`).

/** Octets that belong to Rust, as uniffi hands them over. */
internal class RustBuffer(
    @JvmField var capacity: Long = 0,
    @JvmField var len: Long = 0,
    @JvmField var data: Pointer? = null,
) {
    fun asByteBuffer(): ByteBuffer? = data?.getByteBuffer(0, len)?.order(ByteOrder.BIG_ENDIAN)

    companion object {
        fun alloc(size: ULong): RustBuffer {
            val passage = Passage.ofThread().put(size.toLong())
            UniffiLib.uniffi_ffibuffer_comity_uniffi_rustbuffer_alloc(passage.arguments, passage.result)
            val status = UniffiRustCallStatus()
            return passage.buffer(status).also { check(status) }
        }

        fun free(buffer: RustBuffer) {
            val passage = Passage.ofThread().put(buffer)
            UniffiLib.uniffi_ffibuffer_comity_uniffi_rustbuffer_free(passage.arguments, passage.result)
            val status = UniffiRustCallStatus()
            passage.nothing(status)
            check(status)
        }

        private fun check(status: UniffiRustCallStatus) {
            if (!status.isSuccess()) throw InternalException("a buffer of the library")
        }
    }
}

/** Octets that are ours, and that Rust looks at during a call. */
internal class ForeignBytes {
    @JvmField var len: Int = 0

    @JvmField var data: Pointer? = null
}

/** How a call ended: with a result, an error, or a panic. */
internal class UniffiRustCallStatus {
    @JvmField var code: Byte = UNIFFI_CALL_SUCCESS

    @JvmField var error_buf: RustBuffer = NOTHING

    fun isSuccess(): Boolean = code == UNIFFI_CALL_SUCCESS

    fun isError(): Boolean = code == UNIFFI_CALL_ERROR

    fun isPanic(): Boolean = code == UNIFFI_CALL_UNEXPECTED_ERROR

    private companion object {
        val NOTHING = RustBuffer()
    }
}

/**
 * Where a thread leaves the arguments of a call, and finds what came back: both in elements of eight octets, as uniffi's `FfiBufferElement`.
 *
 * A thread has one of them: arguments are written once all of them are there, the result is read before the next call, and the library
 * calls nobody back in between.
 */
internal class Passage private constructor() {
    private val there = ByteBuffer.allocateDirect(ARGUMENTS * ELEMENT).order(ByteOrder.nativeOrder())
    private val back = ByteBuffer.allocateDirect(RESULTS * ELEMENT).order(ByteOrder.nativeOrder())
    private var at = 0

    val arguments: Pointer = Native.getDirectBufferPointer(there)
    val result: Pointer = Native.getDirectBufferPointer(back)

    fun put(value: Byte): Passage = next { there.put(it, value) }

    fun put(value: Short): Passage = next { there.putShort(it, value) }

    fun put(value: Int): Passage = next { there.putInt(it, value) }

    fun put(value: Long): Passage = next { there.putLong(it, value) }

    fun put(value: Pointer?): Passage = put(Pointer.nativeValue(value))

    fun put(value: RustBuffer): Passage = put(value.capacity).put(value.len).put(value.data)

    fun put(value: ForeignBytes): Passage = put(value.len).put(value.data)

    fun nothing(status: UniffiRustCallStatus) = ended(0, status)

    fun byte(status: UniffiRustCallStatus): Byte = back.get(0).also { ended(1, status) }

    fun short(status: UniffiRustCallStatus): Short = back.getShort(0).also { ended(1, status) }

    fun int(status: UniffiRustCallStatus): Int = back.getInt(0).also { ended(1, status) }

    fun long(status: UniffiRustCallStatus): Long = back.getLong(0).also { ended(1, status) }

    fun buffer(status: UniffiRustCallStatus): RustBuffer = bufferAt(0).also { ended(3, status) }

    /** A call of the few that uniffi has in one form only: they take numbers, and this place for the status. */
    inline fun <R> plainly(status: UniffiRustCallStatus, call: (Pointer) -> R): R {
        back.put(0, UNIFFI_CALL_SUCCESS)
        return call(result).also {
            status.code = back.get(0)
            if (status.code != UNIFFI_CALL_SUCCESS) status.error_buf = bufferAt(PADDED)
        }
    }

    private inline fun next(write: (Int) -> Unit): Passage {
        write(at)
        at += ELEMENT
        return this
    }

    /** The status stands behind so many elements. */
    private fun ended(elements: Int, status: UniffiRustCallStatus) {
        val place = elements * ELEMENT
        status.code = back.get(place)
        if (status.code != UNIFFI_CALL_SUCCESS) status.error_buf = bufferAt(place + ELEMENT)
    }

    private fun bufferAt(place: Int) =
        RustBuffer(back.getLong(place), back.getLong(place + ELEMENT), pointerAt(place + 2 * ELEMENT))

    private fun pointerAt(place: Int): Pointer? {
        val address = if (Native.POINTER_SIZE == 8) back.getLong(place) else back.getInt(place).toLong() and 0xffff_ffffL
        return if (address == 0L) null else Pointer(address)
    }

    companion object {
        private const val ELEMENT = 8

        /** More than any function takes: what writes these calls counts. */
        private const val ARGUMENTS = 32

        /** A buffer, and a status, which has one itself. */
        private const val RESULTS = 7

        /** Where a status has its buffer when it is no elements but C's structure. */
        private val PADDED = if (Native.POINTER_SIZE == 4 && Platform.isIntel()) 4 else 8

        private val passages = ThreadLocal.withInitial { Passage() }

        /** This thread's, with nothing in it. */
        fun ofThread(): Passage = passages.get().also { it.at = 0 }
    }
}
