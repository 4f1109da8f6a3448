package org.comity.test

import java.io.File
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue

class StoryTest {
    private val testing = File(System.getProperty("comity.testing"))

    @Test
    fun `the story is Rust's, octet for octet, for any seed and names`() {
        val told = listOf(arrayOf("1", "alice,bob"), arrayOf("271828", "nadja,omar")).map { (seed, names) ->
            val arguments = listOf("--seed", seed, "--names", names)
            val rust = printed(listOf(File(testing, "story").path) + arguments)
            val kotlin = printed(kotlin() + arguments)
            assertEquals(rust, kotlin)
            kotlin.lines().filter { it.startsWith("message ") }
        }
        assertTrue(told.all { it.isNotEmpty() })
        assertTrue(told[0].intersect(told[1].toSet()).isEmpty(), "another seed does not change every message id")
    }

    /** This Kotlin in a process of its own: chance is drawn from the seed from the first octet on. */
    private fun kotlin(): List<String> {
        val library = File(testing, "libcomity_ffi_test.so").path
        return listOf(
            File(System.getProperty("java.home"), "bin/java").path,
            "-cp", System.getProperty("java.class.path"),
            "-Duniffi.component.comity.libraryOverride=$library",
            "-Duniffi.component.comity_test.libraryOverride=$library",
            "org.comity.test.StoryKt",
        )
    }

    private fun printed(command: List<String>): String {
        val process = ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start()
        val text = process.inputStream.readBytes().decodeToString()
        assertEquals(0, process.waitFor(), text)
        return text
    }
}
