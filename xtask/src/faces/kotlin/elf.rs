//! The program headers of a shared library.

use std::fs;
use std::path::Path;

use crate::Fault;

/// What a program header says of a piece that is loaded into memory.
const LOAD: u32 = 1;

/// Whether every piece of a library that is loaded can lie where pages have so many octets.
pub(super) fn is_aligned(library: &Path, page: u64) -> Result<bool, Fault> {
    let octets = fs::read(library).map_err(|e| format!("{}: {e}", library.display()))?;
    let pieces = loaded(&octets).ok_or_else(|| format!("{} is no 64-bit ELF file", library.display()))?;
    let mut held = !pieces.is_empty();
    for piece in pieces.iter().filter(|piece| !piece.fits(page)) {
        println!(
            "    {} is aligned to {} octets at {:#x}, not to {page}",
            library.display(),
            piece.align,
            piece.address
        );
        held = false;
    }
    Ok(held)
}

/// A piece of a file that is loaded.
#[derive(Debug, PartialEq, Eq)]
struct Piece {
    offset: u64,
    address: u64,
    align: u64,
}

impl Piece {
    fn fits(&self, page: u64) -> bool {
        self.align >= page && self.align.is_multiple_of(page) && self.address % page == self.offset % page
    }
}

/// The pieces that are loaded; none of a file that is no little-endian 64-bit ELF file.
fn loaded(octets: &[u8]) -> Option<Vec<Piece>> {
    if octets.get(..6)? != b"\x7fELF\x02\x01" {
        return None;
    }
    let table = usize::try_from(u64_at(octets, 32)?).ok()?;
    let (size, count) = (usize::from(u16_at(octets, 54)?), u16_at(octets, 56)?);
    let mut pieces = Vec::new();
    for number in 0..usize::from(count) {
        let header = octets.get(table.checked_add(number.checked_mul(size)?)?..)?;
        if u32_at(header, 0)? == LOAD {
            pieces.push(Piece {
                offset: u64_at(header, 8)?,
                address: u64_at(header, 16)?,
                align: u64_at(header, 48)?,
            });
        }
    }
    Some(pieces)
}

fn u16_at(octets: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(octets.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(octets: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(octets.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(octets: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(octets.get(at..at + 8)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An ELF file with one piece.
    fn file(align: u64, address: u64) -> Vec<u8> {
        let mut octets = vec![0; 64 + 56];
        octets[..6].copy_from_slice(b"\x7fELF\x02\x01");
        octets[32] = 64;
        octets[54] = 56;
        octets[56] = 1;
        octets[64] = 1;
        octets[80..88].copy_from_slice(&address.to_le_bytes());
        octets[112..120].copy_from_slice(&align.to_le_bytes());
        octets
    }

    fn fits(file: &[u8]) -> bool {
        loaded(file).unwrap().iter().all(|piece| piece.fits(16_384))
    }

    #[test]
    fn a_piece_that_is_aligned_to_less_is_found() {
        assert!(fits(&file(16_384, 0)) && fits(&file(65_536, 0x4000)));
        assert!(!fits(&file(4_096, 0)));
        assert!(!fits(&file(16_384, 0x1000)));
    }

    #[test]
    fn what_is_no_elf_file_is_told() {
        assert_eq!(loaded(b""), None);
        assert_eq!(loaded(b"MZ and so on, for a while"), None);
        assert_eq!(loaded(&file(4_096, 0)[..100]), None);
    }
}
