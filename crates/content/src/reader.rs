//! Reads CBOR items one by one, and says of each whether it is deterministic.
//!
//! minicbor does the decoding; what it leaves open — shortest forms, definite lengths, where exactly an item began —
//! is checked here. Nothing is allocated, except that a lenient reader joins the chunks of an indefinite string.

use std::borrow::Cow;

use minicbor::Decoder;

use crate::error::{DecodeError, DecodeErrorKind as Kind, NotDeterministic};

/// CBOR major types, RFC 8949 §3.1.
pub(crate) mod major {
    pub(crate) const UNSIGNED: u8 = 0;
    pub(crate) const NEGATIVE: u8 = 1;
    pub(crate) const BYTES: u8 = 2;
    pub(crate) const TEXT: u8 = 3;
    pub(crate) const ARRAY: u8 = 4;
    pub(crate) const MAP: u8 = 5;
    pub(crate) const TAG: u8 = 6;
    pub(crate) const SIMPLE: u8 = 7;
}

const NULL: u8 = 0xf6;
const BREAK: u8 = 0xff;
const INDEFINITE: u8 = 31;

/// Whether encodings that are not deterministic are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strictness {
    Strict,
    Lenient,
}

/// How many items an array or a map has left.
#[derive(Clone, Copy)]
pub(crate) enum Count {
    Definite(u64),
    UntilBreak,
}

impl Count {
    /// False only if the container is known to have another number of items.
    pub(crate) const fn may_be(self, items: u64) -> bool {
        match self {
            Self::Definite(n) => n == items,
            Self::UntilBreak => true,
        }
    }
}

pub(crate) struct Reader<'b> {
    decoder: Decoder<'b>,
    strictness: Strictness,
}

impl<'b> Reader<'b> {
    pub(crate) fn new(octets: &'b [u8], strictness: Strictness) -> Self {
        Self {
            decoder: Decoder::new(octets),
            strictness,
        }
    }

    /// A reader that begins further on.
    pub(crate) fn at(octets: &'b [u8], position: usize, strictness: Strictness) -> Self {
        let mut reader = Self::new(octets, strictness);
        reader.decoder.set_position(position);
        reader
    }

    pub(crate) fn position(&self) -> usize {
        self.decoder.position()
    }

    /// How many octets are left.
    pub(crate) fn remaining(&self) -> usize {
        self.decoder.input().len() - self.position()
    }

    pub(crate) fn is_lenient(&self) -> bool {
        self.strictness == Strictness::Lenient
    }

    /// The octets between two positions.
    pub(crate) fn octets(&self, start: usize, end: usize) -> &'b [u8] {
        self.decoder.input().get(start..end).unwrap_or_default()
    }

    /// The first octet of the next item.
    pub(crate) fn peek(&self) -> Result<u8, DecodeError> {
        let at = self.position();
        self.decoder
            .input()
            .get(at)
            .copied()
            .ok_or_else(|| DecodeError::new(Kind::Truncated, at))
    }

    pub(crate) fn at_null(&self) -> bool {
        self.peek() == Ok(NULL)
    }

    pub(crate) fn null(&mut self, expected: &'static str) -> Result<(), DecodeError> {
        let start = self.position();
        self.decoder
            .null()
            .map_err(|e| self.fail(&e, start, major::SIMPLE, expected))
    }

    pub(crate) fn undefined(&mut self, expected: &'static str) -> Result<(), DecodeError> {
        let start = self.position();
        self.decoder
            .undefined()
            .map_err(|e| self.fail(&e, start, major::SIMPLE, expected))
    }

    pub(crate) fn bool(&mut self, expected: &'static str) -> Result<bool, DecodeError> {
        let start = self.position();
        self.decoder
            .bool()
            .map_err(|e| self.fail(&e, start, major::SIMPLE, expected))
    }

    pub(crate) fn unsigned(&mut self, expected: &'static str) -> Result<u64, DecodeError> {
        let start = self.position();
        let n = self
            .decoder
            .u64()
            .map_err(|e| self.fail(&e, start, major::UNSIGNED, expected))?;
        self.shortest(start, self.position(), n)?;
        Ok(n)
    }

    /// The `n` of a negative integer −1 − n.
    pub(crate) fn negative(&mut self, expected: &'static str) -> Result<u64, DecodeError> {
        let start = self.position();
        let int = self
            .decoder
            .int()
            .map_err(|e| self.fail(&e, start, major::NEGATIVE, expected))?;
        let n = u64::try_from(-1 - i128::from(int))
            .map_err(|_| DecodeError::new(Kind::WrongType { expected }, start))?;
        self.shortest(start, self.position(), n)?;
        Ok(n)
    }

    pub(crate) fn bytes(&mut self, expected: &'static str) -> Result<Cow<'b, [u8]>, DecodeError> {
        let start = self.position();
        match self.decoder.bytes() {
            Ok(bytes) => {
                self.shortest_length(start, bytes.len())?;
                Ok(Cow::Borrowed(bytes))
            }
            Err(_) if self.rewind_to_chunks(start, major::BYTES) => {
                let joined = self.decoder.bytes_iter().and_then(|mut chunks| {
                    chunks.try_fold(Vec::new(), |mut all, chunk| {
                        all.extend_from_slice(chunk?);
                        Ok(all)
                    })
                });
                joined
                    .map(Cow::Owned)
                    .map_err(|e| self.fail(&e, start, major::BYTES, expected))
            }
            Err(e) => Err(self.fail(&e, start, major::BYTES, expected)),
        }
    }

    pub(crate) fn text(&mut self, expected: &'static str) -> Result<Cow<'b, str>, DecodeError> {
        let start = self.position();
        match self.decoder.str() {
            Ok(text) => {
                self.shortest_length(start, text.len())?;
                Ok(Cow::Borrowed(text))
            }
            Err(_) if self.rewind_to_chunks(start, major::TEXT) => {
                let joined = self.decoder.str_iter().and_then(|mut chunks| {
                    chunks.try_fold(String::new(), |mut all, chunk| {
                        all.push_str(chunk?);
                        Ok(all)
                    })
                });
                joined
                    .map(Cow::Owned)
                    .map_err(|e| self.fail(&e, start, major::TEXT, expected))
            }
            Err(e) => Err(self.fail(&e, start, major::TEXT, expected)),
        }
    }

    pub(crate) fn array(&mut self, expected: &'static str) -> Result<Count, DecodeError> {
        let start = self.position();
        let count = self
            .decoder
            .array()
            .map_err(|e| self.fail(&e, start, major::ARRAY, expected))?;
        self.count(start, count)
    }

    pub(crate) fn map(&mut self, expected: &'static str) -> Result<Count, DecodeError> {
        let start = self.position();
        let count = self
            .decoder
            .map()
            .map_err(|e| self.fail(&e, start, major::MAP, expected))?;
        self.count(start, count)
    }

    pub(crate) fn tag(&mut self, expected: &'static str) -> Result<u64, DecodeError> {
        let start = self.position();
        let tag = self
            .decoder
            .tag()
            .map_err(|e| self.fail(&e, start, major::TAG, expected))?
            .as_u64();
        self.shortest(start, self.position(), tag)?;
        Ok(tag)
    }

    /// A simple value other than false, true, null and undefined.
    pub(crate) fn simple(&mut self, expected: &'static str) -> Result<u8, DecodeError> {
        let start = self.position();
        let value = self
            .decoder
            .simple()
            .map_err(|e| self.fail(&e, start, major::SIMPLE, expected))?;
        // RFC 8949 §3.3: values below 32 in two octets are not well-formed.
        if self.position() - start > 1 && value < 32 {
            return Err(DecodeError::new(Kind::NotWellFormed, start));
        }
        Ok(value)
    }

    /// The bits of a float and how many octets held them: 2, 4 or 8.
    pub(crate) fn float(&mut self) -> Result<(u64, u8), DecodeError> {
        let start = self.position();
        let width: u8 = match self.peek()? {
            0xf9 => 2,
            0xfa => 4,
            _ => 8,
        };
        let end = start + 1 + usize::from(width);
        if end > self.decoder.input().len() {
            return Err(DecodeError::new(Kind::Truncated, start));
        }
        let bits = self
            .octets(start + 1, end)
            .iter()
            .fold(0, |bits, octet| bits << 8 | u64::from(*octet));
        self.decoder.set_position(end);
        Ok((bits, width))
    }

    /// Whether the container has another item; the break that ends an indefinite one is consumed.
    pub(crate) fn more(&mut self, count: &mut Count) -> Result<bool, DecodeError> {
        match count {
            Count::Definite(0) => Ok(false),
            Count::Definite(n) => {
                *n -= 1;
                Ok(true)
            }
            Count::UntilBreak if self.peek()? == BREAK => {
                self.decoder.set_position(self.position() + 1);
                *count = Count::Definite(0);
                Ok(false)
            }
            Count::UntilBreak => Ok(true),
        }
    }

    /// Checks that a container of which all items were read ends here.
    pub(crate) fn end(&mut self, count: Count, start: usize, otherwise: Kind) -> Result<(), DecodeError> {
        if let Count::UntilBreak = count
            && self.more(&mut { count })?
        {
            return Err(DecodeError::new(otherwise, start));
        }
        Ok(())
    }

    /// Checks that nothing follows.
    pub(crate) fn finish(&self) -> Result<(), DecodeError> {
        let at = self.position();
        if at < self.decoder.input().len() {
            return Err(DecodeError::new(Kind::TrailingOctets, at));
        }
        Ok(())
    }

    fn count(&self, start: usize, count: Option<u64>) -> Result<Count, DecodeError> {
        match count {
            Some(n) => {
                self.shortest(start, self.position(), n)?;
                Ok(Count::Definite(n))
            }
            None if self.is_lenient() => Ok(Count::UntilBreak),
            None => Err(not_deterministic(NotDeterministic::IndefiniteLength, start)),
        }
    }

    fn shortest_length(&self, start: usize, length: usize) -> Result<(), DecodeError> {
        self.shortest(start, self.position() - length, length as u64)
    }

    /// Checks that the head from `start` to `end` holds `n` in as few octets as possible.
    fn shortest(&self, start: usize, end: usize, n: u64) -> Result<(), DecodeError> {
        if end - start == head_octets(n) || self.is_lenient() {
            return Ok(());
        }
        Err(not_deterministic(NotDeterministic::LongForm, start))
    }

    /// Whether an indefinite string starts here that this reader may read; if so, goes back to its start.
    fn rewind_to_chunks(&mut self, start: usize, major: u8) -> bool {
        let chunked =
            self.is_lenient() && self.decoder.input().get(start) == Some(&(major << 5 | INDEFINITE));
        if chunked {
            self.decoder.set_position(start);
        }
        chunked
    }

    /// Says in our terms why an item of the wanted major type could not be read.
    #[cold]
    fn fail(
        &self,
        error: &minicbor::decode::Error,
        start: usize,
        wanted: u8,
        expected: &'static str,
    ) -> DecodeError {
        let Some(first) = self.decoder.input().get(start) else {
            return DecodeError::new(Kind::Truncated, start);
        };
        let (major, info) = (first >> 5, first & 31);
        let reserved = matches!(info, 28..=30);
        let kind = if reserved || (info == INDEFINITE && !matches!(major, 2..=5)) {
            Kind::NotWellFormed
        } else if major != wanted {
            Kind::WrongType { expected }
        } else if info == INDEFINITE && !self.is_lenient() {
            Kind::NotDeterministic(NotDeterministic::IndefiniteLength)
        } else if error.is_end_of_input() || self.position() == start + 9 {
            // The second case: a length beyond what this machine can address.
            Kind::Truncated
        } else if wanted == major::SIMPLE {
            Kind::WrongType { expected }
        } else if wanted == major::TEXT && !error.is_type_mismatch() {
            Kind::NotUtf8
        } else {
            Kind::NotWellFormed
        };
        DecodeError::new(kind, start)
    }
}

pub(crate) const fn not_deterministic(how: NotDeterministic, offset: usize) -> DecodeError {
    DecodeError::new(Kind::NotDeterministic(how), offset)
}

/// Octets of the shortest head that holds `n`.
const fn head_octets(n: u64) -> usize {
    match n {
        0..=0x17 => 1,
        0x18..=0xff => 2,
        0x100..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}
