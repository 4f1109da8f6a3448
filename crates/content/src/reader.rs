//! Reads CBOR items one by one, and says of each whether it is deterministic.
//!
//! What is as it should be — the wanted type, the shortest head, octets that are there — is read here, head by head. Whatever is not
//! goes to minicbor, so that there is one place that says what is wrong, or that a lenient reader may read it all the same.
//! Nothing is allocated, except that a lenient reader joins the chunks of an indefinite string.
//!
//! What every item passes through is inlined by force: left alone, the compiler moves each result through memory, which takes as long
//! as reading it. `cargo xtask bench content` shows the difference.

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
    input: &'b [u8],
    at: usize,
    strictness: Strictness,
}

impl<'b> Reader<'b> {
    pub(crate) const fn new(octets: &'b [u8], strictness: Strictness) -> Self {
        Self::at(octets, 0, strictness)
    }

    /// A reader that begins further on.
    pub(crate) const fn at(octets: &'b [u8], position: usize, strictness: Strictness) -> Self {
        Self {
            input: octets,
            at: position,
            strictness,
        }
    }

    #[inline]
    pub(crate) const fn position(&self) -> usize {
        self.at
    }

    /// How many octets are left.
    pub(crate) fn remaining(&self) -> usize {
        self.input.len().saturating_sub(self.at)
    }

    pub(crate) fn is_lenient(&self) -> bool {
        self.strictness == Strictness::Lenient
    }

    /// The octets between two positions.
    pub(crate) fn octets(&self, start: usize, end: usize) -> &'b [u8] {
        self.input.get(start..end).unwrap_or_default()
    }

    /// The first octet of the next item.
    pub(crate) fn peek(&self) -> Result<u8, DecodeError> {
        self.input
            .get(self.at)
            .copied()
            .ok_or_else(|| DecodeError::new(Kind::Truncated, self.at))
    }

    pub(crate) fn at_null(&self) -> bool {
        self.peek() == Ok(NULL)
    }

    pub(crate) fn null(&mut self, expected: &'static str) -> Result<(), DecodeError> {
        if self.at_null() {
            self.at += 1;
            return Ok(());
        }
        self.slowly(major::SIMPLE, expected, Decoder::null)
    }

    pub(crate) fn undefined(&mut self, expected: &'static str) -> Result<(), DecodeError> {
        self.slowly(major::SIMPLE, expected, Decoder::undefined)
    }

    pub(crate) fn bool(&mut self, expected: &'static str) -> Result<bool, DecodeError> {
        self.slowly(major::SIMPLE, expected, Decoder::bool)
    }

    #[inline(always)]
    pub(crate) fn unsigned(&mut self, expected: &'static str) -> Result<u64, DecodeError> {
        if let Some(n) = self.shortest_head(major::UNSIGNED) {
            return Ok(n);
        }
        let start = self.at;
        let n = self.slowly(major::UNSIGNED, expected, Decoder::u64)?;
        self.long_form(start)?;
        Ok(n)
    }

    /// The `n` of a negative integer −1 − n.
    pub(crate) fn negative(&mut self, expected: &'static str) -> Result<u64, DecodeError> {
        let start = self.at;
        let int = self.slowly(major::NEGATIVE, expected, Decoder::int)?;
        let n = u64::try_from(-1 - i128::from(int))
            .map_err(|_| DecodeError::new(Kind::WrongType { expected }, start))?;
        self.shortest(start, self.at, n)?;
        Ok(n)
    }

    #[inline(always)]
    pub(crate) fn bytes(&mut self, expected: &'static str) -> Result<Cow<'b, [u8]>, DecodeError> {
        let start = self.at;
        if let Some(bytes) = self.shortest_string(major::BYTES) {
            return Ok(Cow::Borrowed(bytes));
        }
        self.at = start;
        self.bytes_slowly(expected)
    }

    #[inline(always)]
    pub(crate) fn text(&mut self, expected: &'static str) -> Result<Cow<'b, str>, DecodeError> {
        let start = self.at;
        let octets = self.shortest_string(major::TEXT);
        if let Some(text) = octets.and_then(|octets| std::str::from_utf8(octets).ok()) {
            return Ok(Cow::Borrowed(text));
        }
        self.at = start;
        self.text_slowly(expected)
    }

    #[inline(always)]
    pub(crate) fn array(&mut self, expected: &'static str) -> Result<Count, DecodeError> {
        if let Some(n) = self.shortest_head(major::ARRAY) {
            return Ok(Count::Definite(n));
        }
        let start = self.at;
        let count = self.slowly(major::ARRAY, expected, Decoder::array)?;
        self.count(start, count)
    }

    #[inline]
    pub(crate) fn map(&mut self, expected: &'static str) -> Result<Count, DecodeError> {
        if let Some(n) = self.shortest_head(major::MAP) {
            return Ok(Count::Definite(n));
        }
        let start = self.at;
        let count = self.slowly(major::MAP, expected, Decoder::map)?;
        self.count(start, count)
    }

    pub(crate) fn tag(&mut self, expected: &'static str) -> Result<u64, DecodeError> {
        let start = self.at;
        let tag = self.slowly(major::TAG, expected, Decoder::tag)?.as_u64();
        self.shortest(start, self.at, tag)?;
        Ok(tag)
    }

    /// A simple value other than false, true, null and undefined.
    pub(crate) fn simple(&mut self, expected: &'static str) -> Result<u8, DecodeError> {
        let start = self.at;
        let value = self.slowly(major::SIMPLE, expected, Decoder::simple)?;
        // RFC 8949 §3.3: values below 32 in two octets are not well-formed.
        if self.at - start > 1 && value < 32 {
            return Err(DecodeError::new(Kind::NotWellFormed, start));
        }
        Ok(value)
    }

    /// The bits of a float and how many octets held them: 2, 4 or 8.
    pub(crate) fn float(&mut self) -> Result<(u64, u8), DecodeError> {
        let start = self.at;
        let width: u8 = match self.peek()? {
            0xf9 => 2,
            0xfa => 4,
            _ => 8,
        };
        let end = start + 1 + usize::from(width);
        if end > self.input.len() {
            return Err(DecodeError::new(Kind::Truncated, start));
        }
        let bits = self
            .octets(start + 1, end)
            .iter()
            .fold(0, |bits, octet| (bits << 8) + u64::from(*octet));
        self.at = end;
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
                self.at += 1;
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
        if self.at < self.input.len() {
            return Err(DecodeError::new(Kind::TrailingOctets, self.at));
        }
        Ok(())
    }

    /// The argument of a head of this major type in its shortest form; nothing is read if it is anything else.
    #[inline(always)]
    fn shortest_head(&mut self, major: u8) -> Option<u64> {
        let (first, rest) = self.input.get(self.at..)?.split_first()?;
        let info = first.checked_sub(major << 5)?;
        let (n, octets) = match info {
            0..=23 => (u64::from(info), 1),
            24 => (at_least(0x18, (*rest.first()?).into())?, 2),
            25 => (
                at_least(0x100, u16::from_be_bytes(*rest.first_chunk()?).into())?,
                3,
            ),
            26 => (
                at_least(0x1_0000, u32::from_be_bytes(*rest.first_chunk()?).into())?,
                5,
            ),
            27 => (
                at_least(0x1_0000_0000, u64::from_be_bytes(*rest.first_chunk()?))?,
                9,
            ),
            _ => return None,
        };
        self.at += octets;
        Some(n)
    }

    /// The octets of a string with a head in its shortest form. If there are none, the head may have been read.
    #[inline(always)]
    fn shortest_string(&mut self, major: u8) -> Option<&'b [u8]> {
        let length = usize::try_from(self.shortest_head(major)?).ok()?;
        let string = self.input.get(self.at..)?.get(..length)?;
        self.at += length;
        Some(string)
    }

    /// Lets minicbor read, or say what is wrong.
    #[cold]
    fn slowly<T>(
        &mut self,
        wanted: u8,
        expected: &'static str,
        read: impl FnOnce(&mut Decoder<'b>) -> Result<T, minicbor::decode::Error>,
    ) -> Result<T, DecodeError> {
        let mut decoder = Decoder::new(self.input);
        decoder.set_position(self.at);
        match read(&mut decoder) {
            Ok(read) => {
                self.at = decoder.position();
                Ok(read)
            }
            Err(e) => Err(self.fail(&e, decoder.position(), wanted, expected)),
        }
    }

    #[cold]
    fn bytes_slowly(&mut self, expected: &'static str) -> Result<Cow<'b, [u8]>, DecodeError> {
        let start = self.at;
        if self.is_chunked(major::BYTES) {
            return self.slowly(major::BYTES, expected, |decoder| {
                let chunks = decoder.bytes_iter()?;
                let joined = chunks.collect::<Result<Vec<_>, _>>()?.concat();
                Ok(Cow::Owned(joined))
            });
        }
        let bytes = self.slowly(major::BYTES, expected, Decoder::bytes)?;
        self.long_form(start)?;
        Ok(Cow::Borrowed(bytes))
    }

    #[cold]
    fn text_slowly(&mut self, expected: &'static str) -> Result<Cow<'b, str>, DecodeError> {
        let start = self.at;
        if self.is_chunked(major::TEXT) {
            return self.slowly(major::TEXT, expected, |decoder| {
                let chunks = decoder.str_iter()?;
                let joined = chunks.collect::<Result<Vec<_>, _>>()?.concat();
                Ok(Cow::Owned(joined))
            });
        }
        let text = self.slowly(major::TEXT, expected, Decoder::str)?;
        self.long_form(start)?;
        Ok(Cow::Borrowed(text))
    }

    /// Whether an indefinite string starts here that this reader may read.
    fn is_chunked(&self, major: u8) -> bool {
        self.is_lenient() && self.input.get(self.at) == Some(&((major << 5) + INDEFINITE))
    }

    fn count(&self, start: usize, count: Option<u64>) -> Result<Count, DecodeError> {
        match count {
            Some(n) => {
                self.long_form(start)?;
                Ok(Count::Definite(n))
            }
            None if self.is_lenient() => Ok(Count::UntilBreak),
            None => Err(not_deterministic(NotDeterministic::IndefiniteLength, start)),
        }
    }

    /// What is there and has the wanted type, and was not read as a shortest head: a longer one, unless the reader is lenient.
    fn long_form(&self, start: usize) -> Result<(), DecodeError> {
        if self.is_lenient() {
            return Ok(());
        }
        Err(not_deterministic(NotDeterministic::LongForm, start))
    }

    /// Checks that the head from `start` to `end` holds `n` in as few octets as possible.
    fn shortest(&self, start: usize, end: usize, n: u64) -> Result<(), DecodeError> {
        if end - start == head_octets(n) {
            return Ok(());
        }
        self.long_form(start)
    }

    /// Says in our terms why an item of the wanted major type could not be read.
    fn fail(
        &self,
        error: &minicbor::decode::Error,
        stopped: usize,
        wanted: u8,
        expected: &'static str,
    ) -> DecodeError {
        let start = self.at;
        let Some(first) = self.input.get(start) else {
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
        } else if error.is_end_of_input() || stopped == start + 9 {
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

/// `n`, if no shorter head could hold it.
#[inline(always)]
fn at_least(least: u64, n: u64) -> Option<u64> {
    (n >= least).then_some(n)
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
