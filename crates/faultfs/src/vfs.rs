//! The table of C functions that SQLite calls.
//!
//! A file of ours is this struct and, behind it in the same allocation of SQLite's, the file of the system's VFS.
#![allow(unsafe_code, reason = "SQLite's VFS is an interface of C")]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::OnceLock;

use rusqlite::ffi;

use crate::disk::{Fault, Kind, Verdict, disk};
use crate::tail::Op;

/// Makes this disk SQLite's default for every connection that is opened from now on.
///
/// # Panics
/// If SQLite has no VFS, or does not take another one.
pub fn install() {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        // SAFETY: SQLite initialises itself, or says why not; the answer is NULL or a VFS that lives as long as the process.
        let real = unsafe {
            assert_eq!(ffi::sqlite3_initialize(), ffi::SQLITE_OK, "SQLite initialises");
            ffi::sqlite3_vfs_find(ptr::null())
        };
        assert!(!real.is_null(), "SQLite has a VFS");
        // SAFETY: not NULL, and nobody changes a registered VFS.
        let copy = unsafe { *real };
        let ours = ffi::sqlite3_vfs {
            szOsFile: OFFSET + copy.szOsFile,
            pNext: ptr::null_mut(),
            zName: c"fault".as_ptr(),
            pAppData: real.cast(),
            xOpen: Some(open),
            xDelete: Some(delete),
            ..copy
        };
        // SAFETY: leaked, so it lives as long as the process. The functions that are copied are called with our table
        // instead of theirs; the system's VFS reads nothing of it but `pAppData` in `xOpen`, `xAccess` and
        // `xFullPathname`, none of which needs more than the name.
        let registered = unsafe { ffi::sqlite3_vfs_register(Box::into_raw(Box::new(ours)), 1) };
        assert_eq!(registered, ffi::SQLITE_OK, "SQLite takes the VFS");
    });
}

#[repr(C)]
struct File {
    methods: *const ffi::sqlite3_io_methods,
    /// The watched file's path, owned; NULL for files that are not watched.
    path: *mut PathBuf,
}

/// Where the system's file begins behind ours. Aligned as both need it.
const OFFSET: c_int = 16;
const _: () = assert!(size_of::<File>() == 16 && align_of::<File>() <= 8);

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// The system's file behind ours.
fn real(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    file.wrapping_byte_add(OFFSET as usize)
}

/// Calls a method of the system's file; 0 where it has none.
macro_rules! pass {
    ($file:expr, $method:ident $(, $argument:expr)*) => {{
        let file = real($file);
        // SAFETY: `file` was opened by `open`, which stored its methods; the arguments are SQLite's own.
        unsafe { (*(*file).pMethods).$method.map(|method| method(file $(, $argument)*)).unwrap_or_default() }
    }};
}

/// The path of a watched file.
fn watched<'a>(file: *mut ffi::sqlite3_file) -> Option<&'a Path> {
    // SAFETY: every file that SQLite hands us was set up by `open`; the path lives until `close`.
    let path = unsafe { (*file.cast::<File>()).path.as_ref() };
    path.map(PathBuf::as_path).filter(|path| disk().watches(path))
}

fn path_of(name: *const c_char) -> Option<PathBuf> {
    // SAFETY: SQLite's names are NULL or terminated.
    let name = (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) })?;
    Some(Path::new(std::ffi::OsStr::from_bytes(name.to_bytes())).to_path_buf())
}

/// The system's VFS.
fn system(vfs: *mut ffi::sqlite3_vfs) -> *mut ffi::sqlite3_vfs {
    // SAFETY: `vfs` is the table that `install` made.
    unsafe { (*vfs).pAppData.cast() }
}

unsafe extern "C" fn open(
    vfs: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    let path = path_of(name).filter(|path| disk().watches(path));
    let flags = match &path {
        Some(_) if disk().read_only() => {
            (flags & !(ffi::SQLITE_OPEN_READWRITE | ffi::SQLITE_OPEN_CREATE)) | ffi::SQLITE_OPEN_READONLY
        }
        _ => flags,
    };
    let ours = file.cast::<File>();
    let system = system(vfs);
    // SAFETY: SQLite allocated `szOsFile` octets, room for both files; the name and flags are its own.
    let code = unsafe {
        ours.write(File {
            methods: ptr::null(),
            path: ptr::null_mut(),
        });
        (*system).xOpen.map_or(ffi::SQLITE_CANTOPEN, |open| {
            open(system, name, real(file), flags, out_flags)
        })
    };
    // SAFETY: SQLite's own VFSs set the methods, to NULL where the file is not to be closed.
    if unsafe { (*real(file)).pMethods.is_null() } {
        return code;
    }
    // SAFETY: as above.
    unsafe { (*ours).methods = &raw const METHODS };
    if let (ffi::SQLITE_OK, Some(path)) = (code, path) {
        if !disk().knows(&path) {
            let octets = whole(file);
            disk().opened(path.clone(), octets);
        }
        // SAFETY: as above; `close` takes it back.
        unsafe { (*ours).path = Box::into_raw(Box::new(path)) };
    }
    code
}

/// The octets of a file, read through its own handle: to open and close it once more would drop the process's locks on it.
fn whole(file: *mut ffi::sqlite3_file) -> Vec<u8> {
    let mut size = 0;
    let _ = pass!(file, xFileSize, &raw mut size);
    let mut octets = vec![0; usize::try_from(size).unwrap_or(0)];
    for (number, part) in octets.chunks_mut(1 << 20).enumerate() {
        let amount = c_int::try_from(part.len()).unwrap_or(0);
        let _ = pass!(
            file,
            xRead,
            part.as_mut_ptr().cast(),
            amount,
            (number as i64) << 20
        );
    }
    octets
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    let code = pass!(file, xClose);
    let ours = file.cast::<File>();
    // SAFETY: `open` made it, and SQLite closes a file once.
    unsafe {
        let path = std::mem::replace(&mut (*ours).path, ptr::null_mut());
        if !path.is_null() {
            drop(Box::from_raw(path));
        }
    }
    code
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    amount: c_int,
    at: i64,
) -> c_int {
    let Some(path) = watched(file) else {
        return pass!(file, xWrite, from, amount, at);
    };
    let (amount, code) = match disk().about_to(Kind::Write) {
        Verdict::Fail(Fault::Full) => (amount / 2, ffi::SQLITE_FULL),
        Verdict::Fail(Fault::Broken) => (amount / 2, ffi::SQLITE_IOERR_WRITE),
        Verdict::Fail(_) => return ffi::SQLITE_IOERR_WRITE,
        Verdict::Make | Verdict::Swallow => (amount, ffi::SQLITE_OK),
    };
    let made = pass!(file, xWrite, from, amount, at);
    if made != ffi::SQLITE_OK {
        return made;
    }
    // SAFETY: SQLite hands over `amount` octets at least.
    let octets =
        unsafe { std::slice::from_raw_parts(from.cast::<u8>(), usize::try_from(amount).unwrap_or(0)) };
    let op = Op::Write {
        at: usize::try_from(at).unwrap_or(0),
        octets: octets.to_vec(),
    };
    disk().done(path, op);
    code
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: i64) -> c_int {
    let Some(path) = watched(file) else {
        return pass!(file, xTruncate, size);
    };
    if let Verdict::Fail(_) = disk().about_to(Kind::Truncate) {
        return ffi::SQLITE_IOERR_TRUNCATE;
    }
    let code = pass!(file, xTruncate, size);
    if code == ffi::SQLITE_OK {
        let to = usize::try_from(size).unwrap_or(0);
        disk().done(path, Op::Truncate { to });
    }
    code
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    let Some(path) = watched(file) else {
        return pass!(file, xSync, flags);
    };
    match disk().about_to(Kind::Sync) {
        Verdict::Fail(_) => return ffi::SQLITE_IOERR_FSYNC,
        Verdict::Swallow => return ffi::SQLITE_OK,
        Verdict::Make => {}
    }
    let code = pass!(file, xSync, flags);
    if code == ffi::SQLITE_OK {
        disk().synced(path);
    }
    code
}

unsafe extern "C" fn delete(vfs: *mut ffi::sqlite3_vfs, name: *const c_char, sync_dir: c_int) -> c_int {
    let path = path_of(name).filter(|path| disk().watches(path));
    if path.is_some()
        && let Verdict::Fail(_) = disk().about_to(Kind::Delete)
    {
        return ffi::SQLITE_IOERR_DELETE;
    }
    let system = system(vfs);
    // SAFETY: SQLite's own arguments.
    let code = unsafe {
        (*system)
            .xDelete
            .map_or(ffi::SQLITE_IOERR_DELETE, |delete| delete(system, name, sync_dir))
    };
    if let (ffi::SQLITE_OK, Some(path)) = (code, path) {
        let mut disk = disk();
        disk.done(&path, Op::Delete);
        if sync_dir != 0 {
            disk.synced(&path);
        }
    }
    code
}

unsafe extern "C" fn read(file: *mut ffi::sqlite3_file, into: *mut c_void, amount: c_int, at: i64) -> c_int {
    pass!(file, xRead, into, amount, at)
}

unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, size: *mut i64) -> c_int {
    pass!(file, xFileSize, size)
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    pass!(file, xLock, level)
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    pass!(file, xUnlock, level)
}

unsafe extern "C" fn check_reserved_lock(file: *mut ffi::sqlite3_file, result: *mut c_int) -> c_int {
    pass!(file, xCheckReservedLock, result)
}

unsafe extern "C" fn file_control(file: *mut ffi::sqlite3_file, op: c_int, argument: *mut c_void) -> c_int {
    pass!(file, xFileControl, op, argument)
}

unsafe extern "C" fn sector_size(file: *mut ffi::sqlite3_file) -> c_int {
    pass!(file, xSectorSize)
}

unsafe extern "C" fn device_characteristics(file: *mut ffi::sqlite3_file) -> c_int {
    pass!(file, xDeviceCharacteristics)
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    page: c_int,
    size: c_int,
    extend: c_int,
    at: *mut *mut c_void,
) -> c_int {
    pass!(file, xShmMap, page, size, extend, at)
}

unsafe extern "C" fn shm_lock(file: *mut ffi::sqlite3_file, offset: c_int, n: c_int, flags: c_int) -> c_int {
    let code = pass!(file, xShmLock, offset, n, flags);
    let exclusive = ffi::SQLITE_SHM_LOCK | ffi::SQLITE_SHM_EXCLUSIVE;
    if code == ffi::SQLITE_OK && offset == WRITE_LOCK && flags & exclusive == exclusive {
        disk().write_locked();
    }
    code
}

/// SQLite's `WAL_WRITE_LOCK`: whoever holds it is in a write transaction.
const WRITE_LOCK: c_int = 0;

unsafe extern "C" fn shm_barrier(file: *mut ffi::sqlite3_file) {
    pass!(file, xShmBarrier)
}

unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, delete: c_int) -> c_int {
    pass!(file, xShmUnmap, delete)
}
