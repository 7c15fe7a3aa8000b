//! What the journal asks of a disk. Everything above this line runs unchanged on a simulated one
//! (`docs/decisions/070-journal-storage.md`).

use crate::recorder::SLOT_BYTES;
use std::io;
use std::path::Path;

/// A folder of files that only grow, are synced, and are removed whole. Files are named by their
/// name in the folder.
pub trait Storage {
    /// What the folder is called in messages for people.
    fn place(&self) -> &Path;

    /// Makes the folder if it is not there.
    fn make(&self) -> io::Result<()>;

    /// The names of all files, in any order, ours or not.
    fn names(&self) -> io::Result<Vec<String>>;

    /// The bytes of a file; an error if there is no such name.
    fn bytes_of(&self, name: &str) -> io::Result<u64>;

    /// Opens a file to append to it, and makes it if it is not there.
    fn append_to(&self, name: &str) -> io::Result<Box<dyn Sheet>>;

    /// Opens a file to read it from `offset` on. After its end more can be read once more was
    /// written.
    fn read_from(&self, name: &str, offset: u64) -> io::Result<Box<dyn io::Read>>;

    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes durable which names there are.
    fn sync_names(&self) -> io::Result<()>;

    /// Opens a file of exactly so many bytes that is written in place, and makes it if it is not there: then it is
    /// all zeros, and has its place on the disk. A storage need not have any.
    fn open_ring(&self, name: &str, bytes: usize) -> io::Result<Box<dyn Ring>> {
        let _ = (name, bytes);
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// A file of fixed size.
pub trait Ring {
    /// Fills `into` from this place on.
    fn read(&mut self, offset: u64, into: &mut [u8]) -> io::Result<()>;

    /// Writes one slot at its place; `is_durable`: and makes all that was written durable. Whoever asks may be told
    /// what came of the slot before instead of this one's.
    fn write(&mut self, offset: u64, slot: &[u8; SLOT_BYTES], is_durable: bool) -> io::Result<()>;
}

/// A file that is open to be appended to.
pub trait Sheet {
    /// Appends some of `bytes` from their beginning on, and says how many; none is a refusal.
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Its bytes.
    fn bytes(&self) -> io::Result<u64>;

    /// Makes all that was appended durable. After an error what was not durable may be gone.
    fn sync(&mut self) -> io::Result<()>;

    /// Whether no name leads to it any more: what is appended can be seen by nobody.
    fn is_removed(&self) -> io::Result<bool>;
}
