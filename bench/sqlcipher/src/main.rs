//! The rows of one step, written and read under SQLCipher and sealed one by one, in one program and in turns.
//!
//! A step replaces a ratchet of 5 KB, adds a message of 1,280 octets, and adds and deletes a request of 1,280 octets: what the
//! engine writes for a message in a small room. Both keys are raw octets, so that nobody derives one from a password.

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rusqlite::{Connection, params};

type Fault = Box<dyn Error>;

const ROUNDS: usize = 11;
const STEPS: i64 = 300;
const RATCHET: usize = 5_000;
const MESSAGE: usize = 1_280;
const KEY: [u8; 32] = [7; 32];

/// How values are kept from somebody who has the file.
enum Guard {
    Nobody,
    SqlCipher,
    Aes(Box<Aes256Gcm>),
    ChaCha(Box<XChaCha20Poly1305>),
}

impl Guard {
    fn name(&self) -> &'static str {
        match self {
            Self::Nobody => "nothing",
            Self::SqlCipher => "SQLCipher",
            Self::Aes(_) => "sealed rows, AES-256-GCM",
            Self::ChaCha(_) => "sealed rows, XChaCha20-Poly1305",
        }
    }

    fn seal(&self, at: i64, value: Vec<u8>) -> Result<Vec<u8>, Fault> {
        let place = at.to_be_bytes();
        let (mut sealed, rest) = match self {
            Self::Nobody | Self::SqlCipher => return Ok(value),
            Self::Aes(cipher) => {
                let mut nonce = [0; 12];
                getrandom::fill(&mut nonce).map_err(|_| "no randomness")?;
                let payload = Payload { msg: &value, aad: &place };
                let rest = cipher.encrypt(Nonce::from_slice(&nonce), payload);
                (nonce.to_vec(), rest)
            }
            Self::ChaCha(cipher) => {
                let mut nonce = [0; 24];
                getrandom::fill(&mut nonce).map_err(|_| "no randomness")?;
                let payload = Payload { msg: &value, aad: &place };
                let rest = cipher.encrypt(XNonce::from_slice(&nonce), payload);
                (nonce.to_vec(), rest)
            }
        };
        sealed.extend(rest.map_err(|_| "sealing failed")?);
        Ok(sealed)
    }

    fn open(&self, at: i64, sealed: &[u8]) -> Result<Vec<u8>, Fault> {
        let place = at.to_be_bytes();
        let opened = match self {
            Self::Nobody | Self::SqlCipher => return Ok(sealed.to_vec()),
            Self::Aes(cipher) => {
                let (nonce, msg) = sealed.split_at_checked(12).ok_or("too short")?;
                cipher.decrypt(Nonce::from_slice(nonce), Payload { msg, aad: &place })
            }
            Self::ChaCha(cipher) => {
                let (nonce, msg) = sealed.split_at_checked(24).ok_or("too short")?;
                cipher.decrypt(XNonce::from_slice(nonce), Payload { msg, aad: &place })
            }
        };
        Ok(opened.map_err(|_| "opening failed")?)
    }
}

/// One file under one guard.
struct Seat {
    guard: Guard,
    conn: Connection,
    path: std::path::PathBuf,
    last: i64,
    steps: Vec<f64>,
    reads: Vec<f64>,
}

impl Seat {
    fn new(dir: &Path, number: usize, guard: Guard, synchronous: &str) -> Result<Self, Fault> {
        let path = dir.join(format!("{number}.db"));
        let conn = connect(&path, &guard)?;
        conn.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
        conn.pragma_update(None, "synchronous", synchronous)?;
        conn.execute_batch(
            "PRAGMA secure_delete = ON;
             CREATE TABLE ratchet (id INTEGER PRIMARY KEY, value BLOB NOT NULL);
             CREATE TABLE message (id INTEGER PRIMARY KEY, value BLOB NOT NULL);
             CREATE TABLE outbox (id INTEGER PRIMARY KEY, value BLOB NOT NULL);",
        )?;
        let (steps, reads) = (Vec::new(), Vec::new());
        Ok(Self { guard, conn, path, last: 0, steps, reads })
    }

    fn step(&mut self) -> Result<(), Fault> {
        self.last += 1;
        let at = self.last;
        let tx = self.conn.transaction()?;
        let ratchet = self.guard.seal(1, vec![at as u8; RATCHET])?;
        tx.prepare_cached("INSERT OR REPLACE INTO ratchet VALUES (1, ?1)")?.execute([ratchet])?;
        let message = self.guard.seal(at, vec![at as u8; MESSAGE])?;
        tx.prepare_cached("INSERT INTO message VALUES (?1, ?2)")?.execute(params![at, message])?;
        let request = self.guard.seal(at, vec![at as u8; MESSAGE])?;
        tx.prepare_cached("INSERT INTO outbox VALUES (?1, ?2)")?.execute(params![at, request])?;
        tx.prepare_cached("DELETE FROM outbox WHERE id < ?1")?.execute([at])?;
        Ok(tx.commit()?)
    }

    fn read(&self, at: i64) -> Result<(), Fault> {
        let mut query = self.conn.prepare_cached("SELECT value FROM message WHERE id = ?1")?;
        let sealed: Vec<u8> = query.query_row([at], |row| row.get(0))?;
        let opened = self.guard.open(at, &sealed)?;
        if opened == vec![at as u8; MESSAGE] { Ok(()) } else { Err("another message".into()) }
    }

    fn round(&mut self) -> Result<(), Fault> {
        let start = Instant::now();
        for _ in 0..STEPS {
            self.step()?;
        }
        self.steps.push(start.elapsed().as_secs_f64() * 1e6 / STEPS as f64);
        // A cold page cache: a reader that has just been opened, as a notification extension's.
        let (path, guard) = (self.path.clone(), &self.guard);
        let warm = std::mem::replace(&mut self.conn, connect(&path, guard)?);
        let start = Instant::now();
        for step in 0..STEPS {
            self.read(1 + step * self.last / STEPS)?;
        }
        self.reads.push(start.elapsed().as_secs_f64() * 1e6 / STEPS as f64);
        self.conn = warm;
        Ok(())
    }
}

fn connect(path: &Path, guard: &Guard) -> Result<Connection, Fault> {
    let conn = Connection::open(path)?;
    if matches!(guard, Guard::SqlCipher) {
        let hex: String = KEY.iter().map(|octet| format!("{octet:02x}")).collect();
        conn.pragma_update(None, "key", format!("x'{hex}'"))?;
        let version: String = conn.query_row("PRAGMA cipher_version", [], |row| row.get(0))?;
        if version.is_empty() {
            return Err("this is no SQLCipher".into());
        }
    }
    Ok(conn)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() -> Result<(), Fault> {
    let version = Connection::open_in_memory()?;
    let sqlite: String = version.query_row("SELECT sqlite_version()", [], |row| row.get(0))?;
    let cipher: String = version.query_row("PRAGMA cipher_version", [], |row| row.get(0))?;
    println!("SQLite {sqlite}, SQLCipher {cipher}; median of {ROUNDS} rounds of {STEPS}, in turns; µs\n");
    println!("| synchronous | guard | step | × | read, cold cache | × | file, KiB |\n|---|---|---|---|---|---|---|");
    for synchronous in ["NORMAL", "FULL"] {
        let dir = tempfile::tempdir_in(".")?;
        let guards = [
            Guard::Nobody,
            Guard::Aes(Box::new(Aes256Gcm::new(&KEY.into()))),
            Guard::ChaCha(Box::new(XChaCha20Poly1305::new(&KEY.into()))),
            Guard::SqlCipher,
        ];
        let mut seats = Vec::new();
        for (number, guard) in guards.into_iter().enumerate() {
            seats.push(Seat::new(dir.path(), number, guard, synchronous)?);
        }
        for _ in 0..ROUNDS {
            for seat in &mut seats {
                seat.round()?;
            }
        }
        let mut least = None;
        for seat in &mut seats {
            let (step, read) = (median(&mut seat.steps), median(&mut seat.reads));
            let (first_step, first_read) = *least.get_or_insert((step, read));
            seat.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
            let size = std::fs::metadata(&seat.path)?.len() / 1_024;
            println!(
                "| {synchronous} | {} | {step:.1} | {:.2} | {read:.1} | {:.2} | {size} |",
                seat.guard.name(),
                step / first_step,
                read / first_read
            );
        }
    }
    Ok(())
}
