//! How generated Swift and Python read and write what crosses the border: in one piece. As uniffi writes it, in Swift each number goes
//! through Foundation's `Data` and octets are copied three times; in Python each number that is written is a call of the library's
//! allocator's, inside of a context manager. That takes longer than to sign a message.

use std::collections::BTreeMap;

use crate::Fault;

/// What the generator writes, as often as it may, and what stands there instead. Each is found in each file at least once, or else the
/// generator has become another.
type Rules = &'static [(&'static str, &'static str)];

const PYTHON: Rules = &[
    (
        "return cls(buf.data, buf.len)",
        "return cls(ctypes.string_at(buf.data, buf.len), buf.len)",
    ),
    (
        "value = struct.unpack(format, self.data[self.offset:self.offset+size])[0]",
        "value = struct.unpack_from(format, self.data, self.offset)[0]",
    ),
    (
        "\
    def __init__(self):
        self.rbuf = _UniffiRustBuffer.alloc(16)
        self.rbuf.len = 0

    def finalize(self):
        rbuf = self.rbuf
        self.rbuf = None
        return rbuf

    def discard(self):
        if self.rbuf is not None:
            rbuf = self.finalize()
            rbuf.free()

    @contextlib.contextmanager
    def _reserve(self, num_bytes):
        if self.rbuf.len + num_bytes > self.rbuf.capacity:
            self.rbuf = _UniffiRustBuffer.reserve(self.rbuf, num_bytes)
        yield None
        self.rbuf.len += num_bytes

    def _pack_into(self, size, format, value):
        with self._reserve(size):
            packed = struct.pack(format, value)
            if size > 0:
                ctypes.memmove(ctypes.addressof(self.rbuf.data.contents) + self.rbuf.len, packed, size)

    def write(self, value):
        length = len(value)
        with self._reserve(length):
            if length > 0:
                ctypes.memmove(ctypes.addressof(self.rbuf.data.contents) + self.rbuf.len, value, length)
",
        "\
    def __init__(self):
        self.written = bytearray()

    def finalize(self):
        written = bytes(self.written)
        self.discard()
        rbuf = _UniffiRustBuffer.alloc(len(written))
        if written:
            ctypes.memmove(rbuf.data, written, len(written))
        rbuf.len = len(written)
        return rbuf

    def discard(self):
        self.written = bytearray()

    def _pack_into(self, size, format, value):
        self.written += struct.pack(format, value)

    def write(self, value):
        self.written += value
",
    ),
    (
        "return _UniffiRustCallStatus(code=_UniffiRustCallStatus.CALL_SUCCESS, error_buf=_UniffiRustBuffer.default())",
        "return _UniffiRustCallStatus()",
    ),
];

const SWIFT: Rules = &[
    (
        "(data: Data, offset: Data.Index)",
        "(data: UnsafeRawBufferPointer, offset: Int)",
    ),
    (
        "createReader(data: Data)",
        "createReader(data: UnsafeRawBufferPointer)",
    ),
    (
        "createReader(data: Data(rustBuffer: buf))",
        "createReader(data: UnsafeRawBufferPointer(start: buf.data, count: Int(buf.len)))",
    ),
    (
        "\
    if T.self == UInt8.self {
        let value = reader.data[reader.offset]
        reader.offset += 1
        return value as! T
    }
    var value: T = 0
    let _ = withUnsafeMutableBytes(of: &value, { reader.data.copyBytes(to: $0, from: range)})
    reader.offset = range.upperBound
",
        "\
    let value = reader.data.loadUnaligned(fromByteOffset: range.lowerBound, as: T.self)
    reader.offset = range.upperBound
",
    ),
    (
        "count: Int) throws -> Array<UInt8> {
    let range = reader.offset..<(reader.offset+count)
    guard reader.data.count >= range.upperBound else {",
        "count: Int) throws -> UnsafeRawBufferPointer {
    let range = reader.offset..<(reader.offset+count)
    guard reader.data.count >= range.upperBound else {",
    ),
    (
        "\
    var value = [UInt8](repeating: 0, count: count)
    value.withUnsafeMutableBufferPointer({ buffer in
        reader.data.copyBytes(to: buffer, from: range)
    })
    reader.offset = range.upperBound
    return value
",
        "\
    reader.offset = range.upperBound
    return UnsafeRawBufferPointer(rebasing: reader.data[range])
",
    ),
    (
        "\
fileprivate extension Data {
    init(rustBuffer: RustBuffer) {
        self.init(
            bytesNoCopy: rustBuffer.data!,
            count: Int(rustBuffer.len),
            deallocator: .none
        )
    }
}

",
        "",
    ),
    (
        "\
func createWriter() -> [UInt8] {
    return []
",
        "\
func createWriter() -> [UInt8] {
    var writer: [UInt8] = []
    writer.reserveCapacity(512)
    return writer
",
    ),
    (
        "\
        return value.utf8CString.withUnsafeBufferPointer { ptr in
            // The swift string gives us int8_t, we want uint8_t.
            ptr.withMemoryRebound(to: UInt8.self) { ptr in
                // The swift string gives us a trailing null byte, we don't want it.
                let buf = UnsafeBufferPointer(rebasing: ptr.prefix(upTo: ptr.count - 1))
                return RustBuffer.from(buf)
            }
        }
",
        "\
        var value = value
        return value.withUTF8 { RustBuffer.from($0) }
",
    ),
];

/// The same for Swift that has octets in it.
const OCTETS: (&str, &str) = (
    "\
        let len = Int32(value.count)
        writeInt(&buf, len)
        writeBytes(&buf, value)
",
    "\
        let len = Int32(value.count)
        writeInt(&buf, len)
        value.withUnsafeBytes { writeBytes(&buf, $0) }
",
);

/// Rewrites what was generated for Swift and Python.
pub(super) fn in_one_piece(files: &mut BTreeMap<String, String>) -> Result<(), Fault> {
    for (path, text) in files.iter_mut() {
        if let Some((_, rules)) = LANGUAGES.iter().find(|(ending, _)| path.ends_with(ending)) {
            *text = rewritten(text, rules).map_err(|missing| format!("{path} has no longer:\n{missing}"))?;
        }
    }
    Ok(())
}

const LANGUAGES: [(&str, Rules); 2] = [(".swift", SWIFT), (".py", PYTHON)];

/// Or what is missing.
fn rewritten(text: &str, rules: Rules) -> Result<String, &'static str> {
    let mut text = text.to_owned();
    for (from, to) in rules {
        if !text.contains(from) {
            return Err(from);
        }
        text = text.replace(from, to);
    }
    let (from, to) = OCTETS;
    if text.contains("FfiConverterData:") && !text.contains(from) {
        return Err(from);
    }
    Ok(text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Text in which every rule finds something.
    fn sample(rules: Rules) -> String {
        let untouched = rules.iter().map(|(from, _)| *from);
        untouched.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn swift_goes_through_no_data_and_python_through_no_context_manager() {
        let swift = rewritten(&sample(SWIFT), SWIFT).unwrap();
        assert!(!swift.contains("Data"), "{swift}");
        assert!(swift.contains("loadUnaligned") && swift.contains("withUTF8"));
        let python = rewritten(&sample(PYTHON), PYTHON).unwrap();
        assert!(!python.contains("contextmanager"), "{python}");
        assert!(python.contains("unpack_from") && python.contains("bytearray"));
    }

    #[test]
    fn a_generator_that_writes_otherwise_is_told() {
        for (_, rules) in LANGUAGES {
            for (from, _) in rules {
                let other = sample(rules).replace(from, "something else");
                assert!(rewritten(&other, rules).is_err(), "{from}");
            }
        }
        let octets = sample(SWIFT) + "\nstruct FfiConverterData: FfiConverterRustBuffer";
        assert_eq!(rewritten(&octets, SWIFT), Err(OCTETS.0));
    }
}
