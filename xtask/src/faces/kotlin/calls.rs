//! How the generated Kotlin calls the library: by two pointers, one to the arguments and one to where the result goes, where uniffi's
//! generator has JNA pass structures by value, at microseconds each. The classes that this needs are written by hand, in `Passage.kt`.

use crate::Fault;

/// What the generator writes and nothing needs, from a line that begins so until one that does: the structures, and what serves
/// interfaces that an app implements and functions that are `async`. There are none of these.
const NEEDLESS: &[(&str, &str)] = &[
    (
        "// This is a helper for safely working with byte buffers",
        "// Converter for `&[u8]`",
    ),
    ("@Structure.FieldOrder(\"code\"", "class InternalException"),
    (
        "internal inline fun<T> uniffiTraitInterfaceCall(",
        "// Contains loading",
    ),
    ("// Define FFI callback types", "// A JNA Library to expose"),
];

/// Where the classes are imported that are written by hand: the tests' code has a package of its own.
const IMPORTS: (&str, &str) = (
    "import com.sun.jna.Structure",
    "import org.comity.ForeignBytes\nimport org.comity.Passage\nimport org.comity.RustBuffer\nimport org.comity.UniffiRustCallStatus",
);

/// How many elements `Passage` has room for.
const ROOM: usize = 32;

/// The same, with calls of ours.
pub(super) fn rewritten(text: &str) -> Result<String, Fault> {
    let text = without(text, NEEDLESS)?;
    if !text.contains(IMPORTS.0) {
        return Err(format!("the generated Kotlin has no `{}`", IMPORTS.0));
    }
    let text = text
        .replace(IMPORTS.0, IMPORTS.1)
        .replace(".ByValue", "")
        .replace(
            "rbuf.writeField(\"len\", bbuf.position().toLong())",
            "rbuf.len = bbuf.position().toLong()",
        );
    let mut calls = String::with_capacity(text.len());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(begun) = line.strip_prefix("    external fun ") {
            let Declared {
                name,
                arguments,
                result,
            } = declared(begun, lines.next().unwrap_or_default())?;
            calls.push_str(&call(name, &arguments, result)?);
        } else {
            calls.push_str(line);
            calls.push('\n');
        }
    }
    Ok(calls)
}

/// The text without some of its passages.
fn without(text: &str, passages: &[(&str, &str)]) -> Result<String, Fault> {
    let mut kept = String::with_capacity(text.len());
    let mut passages = passages.iter().peekable();
    let mut until = None;
    for line in text.lines() {
        if until.is_none() {
            until = passages
                .next_if(|(from, _)| line.starts_with(from))
                .map(|(_, until)| *until);
        }
        if until.is_some_and(|until| line.starts_with(until)) {
            until = None;
        }
        if until.is_none() {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    match until.or_else(|| passages.next().map(|(from, _)| *from)) {
        None => Ok(kept),
        Some(missing) => Err(format!("the generated Kotlin has no `{missing}`")),
    }
}

/// A function of the library, as the generator declares it.
struct Declared<'a> {
    name: &'a str,
    /// Names and types.
    arguments: Vec<(&'a str, &'a str)>,
    result: &'a str,
}

/// Reads a declaration: `name(a: X,b: Y,` and `): Z`.
fn declared<'a>(first: &'a str, second: &'a str) -> Result<Declared<'a>, Fault> {
    let odd = || format!("the generated Kotlin declares a function oddly: {first}{second}");
    let (name, arguments) = first.split_once('(').ok_or_else(odd)?;
    let result = second.trim().strip_prefix("): ").ok_or_else(odd)?;
    let arguments = arguments
        .split(',')
        .map(str::trim)
        .filter(|argument| !argument.is_empty())
        .map(|argument| argument.split_once(": ").ok_or_else(odd))
        .collect::<Result<_, _>>()?;
    Ok(Declared {
        name,
        arguments,
        result,
    })
}

/// What is written in place of a declaration.
fn call(name: &str, arguments: &[(&str, &str)], result: &str) -> Result<String, Fault> {
    if name.contains("_rust_future_") {
        return Ok(String::new());
    }
    // Buffers are made and freed by `RustBuffer`, in the library's own code.
    if let Some((of, verb)) = name.split_once("_rustbuffer_") {
        let used = of == "ffi_comity_uniffi" && ["alloc", "free"].contains(&verb);
        return Ok(if used {
            external(&format!("uniffi_{name}"))
        } else {
            String::new()
        });
    }
    let Some(((_, "UniffiRustCallStatus"), arguments)) = arguments.split_last() else {
        return Ok(format!("    external fun {name}(): {result}\n"));
    };
    if name.contains("_fn_clone_") || name.contains("_fn_free_") {
        return Ok(plain(name, result));
    }
    passed(name, arguments, result)
}

/// The second form of a function.
fn external(name: &str) -> String {
    let second = name
        .replacen("uniffi_ffi_", "uniffi_", 1)
        .replacen("uniffi_", "uniffi_ffibuffer_", 1);
    format!("    external fun {second}(arguments: Pointer, result: Pointer)\n")
}

/// What copies and drops a handle has one form only, which takes no structure but a place for the status.
fn plain(name: &str, result: &str) -> String {
    format!(
        "    external fun {name}(handle: Long, status: Pointer): {result}\n    \
         fun {name}(handle: Long, status: UniffiRustCallStatus): {result} =\n        \
         Passage.ofThread().plainly(status) {{ {name}(handle, it) }}\n"
    )
}

/// A function of the engine's.
fn passed(name: &str, arguments: &[(&str, &str)], result: &str) -> Result<String, Fault> {
    let mut elements = 0;
    let mut declared = String::new();
    let mut put = String::new();
    for (argument, kind) in arguments {
        elements += match *kind {
            "Byte" | "Short" | "Int" | "Long" => 1,
            "ForeignBytes" => 2,
            buffer if buffer.starts_with("RustBuffer") => 3,
            other => return Err(format!("{name} takes a {other}, which Passage.kt does not know")),
        };
        declared.push_str(&format!("{argument}: {kind}, "));
        put.push_str(&format!(".put({argument})"));
    }
    if elements > ROOM {
        return Err(format!(
            "{name} takes {elements} elements, and Passage.kt has room for {ROOM}"
        ));
    }
    let read = match result {
        "Unit" => "nothing",
        "Byte" => "byte",
        "Short" => "short",
        "Int" => "int",
        "Long" => "long",
        buffer if buffer.starts_with("RustBuffer") => "buffer",
        other => return Err(format!("{name} gives a {other}, which Passage.kt does not know")),
    };
    let second = name.replacen("uniffi_", "uniffi_ffibuffer_", 1);
    Ok(format!(
        "{}    fun {name}({declared}status: UniffiRustCallStatus): {result} {{\n        \
         val passage = Passage.ofThread(){put}\n        \
         {second}(passage.arguments, passage.result)\n        \
         return passage.{read}(status)\n    }}\n",
        external(name)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(first: &str, second: &str) -> Result<String, Fault> {
        let Declared {
            name,
            arguments,
            result,
        } = declared(first, second)?;
        call(name, &arguments, result)
    }

    #[test]
    fn a_function_is_called_by_two_pointers() {
        let told = of(
            "uniffi_x_fn_func_y(`a`: Long,`b`: RustBuffer,uniffi_out_err: UniffiRustCallStatus, ",
            "    ): RustBuffer",
        );
        let wanted = "    external fun uniffi_ffibuffer_x_fn_func_y(arguments: Pointer, result: Pointer)
    fun uniffi_x_fn_func_y(`a`: Long, `b`: RustBuffer, status: UniffiRustCallStatus): RustBuffer {
        val passage = Passage.ofThread().put(`a`).put(`b`)
        uniffi_ffibuffer_x_fn_func_y(passage.arguments, passage.result)
        return passage.buffer(status)
    }
";
        assert_eq!(told.as_deref(), Ok(wanted));
    }

    #[test]
    fn handles_and_checksums_pass_as_numbers() {
        let clone = of(
            "uniffi_x_fn_clone_y(`handle`: Long,uniffi_out_err: UniffiRustCallStatus,",
            "    ): Long",
        );
        assert!(clone.is_ok_and(|told| {
            told.contains("external fun uniffi_x_fn_clone_y(handle: Long, status: Pointer): Long")
        }));
        let sum = of("uniffi_x_checksum_y(", "    ): Int");
        assert_eq!(
            sum.as_deref(),
            Ok("    external fun uniffi_x_checksum_y(): Int\n")
        );
    }

    #[test]
    fn only_what_is_called_is_declared() {
        let alloc = "_rustbuffer_alloc(`size`: Long,uniffi_out_err: UniffiRustCallStatus,";
        let ours = of(&format!("ffi_comity_uniffi{alloc}"), "    ): RustBuffer");
        let wanted = "    external fun uniffi_ffibuffer_comity_uniffi_rustbuffer_alloc(arguments: Pointer, result: Pointer)\n";
        assert_eq!(ours.as_deref(), Ok(wanted));
        let tests = of(&format!("ffi_comity_ffi_test{alloc}"), "    ): RustBuffer");
        assert_eq!(tests.as_deref(), Ok(""));
        assert_eq!(
            of("ffi_x_rust_future_free_u8(`handle`: Long,", "    ): Unit").as_deref(),
            Ok("")
        );
    }

    #[test]
    fn what_is_not_known_is_no_guess() {
        assert!(
            of(
                "uniffi_x_fn_y(`a`: Float,uniffi_out_err: UniffiRustCallStatus,",
                "    ): Unit"
            )
            .is_err()
        );
        assert!(
            of(
                "uniffi_x_fn_y(uniffi_out_err: UniffiRustCallStatus,",
                "    ): Double"
            )
            .is_err()
        );
        let many = "`a`: RustBuffer,".repeat(11);
        assert!(
            of(
                &format!("uniffi_x_fn_y({many}uniffi_out_err: UniffiRustCallStatus,"),
                "    ): Unit"
            )
            .is_err()
        );
        assert!(declared("uniffi_x_fn_y(a,", "    ): Unit").is_err());
    }

    #[test]
    fn passages_go_and_must_have_been_there() {
        let text = "a\nfrom here\nb\nuntil here\nc\n";
        assert_eq!(
            without(text, &[("from", "until")]).as_deref(),
            Ok("a\nuntil here\nc\n")
        );
        assert!(without(text, &[("nowhere", "until")]).is_err());
        assert!(without(text, &[("from", "nowhere")]).is_err());
    }
}
