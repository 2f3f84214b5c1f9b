//! The entries of a tar, as they come. Fields and extended headers are read by the `tar` crate; its own way through an
//! archive holds names of any length in memory, so that a hostile one could fill it.

use std::io::{self, BufRead, Read};
use tar::{EntryType, Header, PaxExtensions};

const BLOCK: usize = 512;

/// The bytes that a long name or extended headers may have.
const MAX_EXTENSION: u64 = 1 << 20;

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::host) enum Kind {
    /// A file, whose bytes follow.
    File,
    /// A directory.
    Directory,
    /// A symbolic link and where it leads.
    Link(Vec<u8>),
    /// Another name of the file that has this one.
    Same(Vec<u8>),
    /// A device, a pipe, a file with holes.
    Other,
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::host) struct Entry {
    /// Its name, as it is written.
    pub path: Vec<u8>,
    /// What it is.
    pub kind: Kind,
    /// The bytes that follow, in the archive.
    pub size: u64,
}

/// What is said of the next entry beforehand.
#[derive(Default)]
struct Ahead {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
}

/// Calls `each` with the entries of a tar and with their bytes, of which it need not read all, until there is none left.
pub(in crate::host) fn walk<E: From<io::Error>>(
    tar: &mut impl BufRead,
    mut each: impl FnMut(&Entry, &mut dyn Read) -> Result<(), E>,
) -> Result<(), E> {
    let mut ahead = Ahead::default();
    let mut block = [0; BLOCK];
    while fill(tar, &mut block)? {
        if block.iter().all(|byte| *byte == 0) {
            break;
        }
        let header = Header::from_byte_slice(&block);
        if !has_sum(header)? {
            return Err(odd("a header has another sum than it says").into());
        }
        let kind = header.entry_type();
        let size = header.entry_size()?;
        if is_ahead(kind) {
            let bytes = extension(tar, size)?;
            match kind {
                EntryType::GNULongName => ahead.path = Some(text(bytes)),
                EntryType::GNULongLink => ahead.link = Some(text(bytes)),
                EntryType::XHeader => extend(&mut ahead, &bytes),
                _ => {}
            }
            continue;
        }
        let size = ahead.size.unwrap_or(size);
        let path = ahead.path.take().unwrap_or_else(|| header.path_bytes().into_owned());
        let link = ahead.link.take().or_else(|| header.link_name_bytes().map(|link| link.into_owned()));
        ahead = Ahead::default();
        let entry = entry(kind, path, link.unwrap_or_default(), size);
        if kind == EntryType::GNUSparse {
            pass_holes(tar, header)?;
        }
        let mut body = (&mut *tar).take(entry.size);
        each(&entry, &mut body)?;
        let left = body.limit();
        let padding = entry.size.wrapping_neg() % BLOCK as u64;
        skip(tar, left.checked_add(padding).ok_or_else(|| odd("an entry has no end"))?)?;
    }
    Ok(())
}

fn entry(kind: EntryType, path: Vec<u8>, link: Vec<u8>, size: u64) -> Entry {
    use EntryType::{Block, Char, Continuous, Directory, Fifo, Link, Regular, Symlink};
    // What follows of these is nothing, whatever size is said (Go's archive/tar, `isHeaderOnlyType`).
    let size = if matches!(kind, Link | Symlink | Char | Block | Directory | Fifo) { 0 } else { size };
    let kind = match kind {
        Directory => Kind::Directory,
        // Tars from before POSIX have directories that are files by their type.
        Regular if path.ends_with(b"/") => Kind::Directory,
        Regular | Continuous => Kind::File,
        Symlink => Kind::Link(link),
        Link => Kind::Same(link),
        _ => Kind::Other,
    };
    Entry { path, kind, size }
}

fn is_ahead(kind: EntryType) -> bool {
    kind.is_gnu_longname()
        || kind.is_gnu_longlink()
        || kind.is_pax_local_extensions()
        || kind.is_pax_global_extensions()
}

fn has_sum(header: &Header) -> io::Result<bool> {
    let bytes = header.as_bytes();
    let own: u32 = bytes.iter().map(|byte| u32::from(*byte)).sum();
    let field: u32 = bytes[148..156].iter().map(|byte| u32::from(*byte)).sum();
    Ok(own - field + 8 * u32::from(b' ') == header.cksum()?)
}

/// The bytes of a header that is about the next entry.
fn extension(tar: &mut impl BufRead, size: u64) -> io::Result<Vec<u8>> {
    if size > MAX_EXTENSION {
        return Err(odd("a name is longer than a megabyte"));
    }
    let mut bytes = vec![0; size as usize];
    tar.read_exact(&mut bytes)?;
    skip(tar, size.wrapping_neg() % BLOCK as u64)?;
    Ok(bytes)
}

fn extend(ahead: &mut Ahead, bytes: &[u8]) {
    for extension in PaxExtensions::new(bytes).flatten() {
        let value = extension.value_bytes();
        match extension.key_bytes() {
            b"path" => ahead.path = Some(value.to_vec()),
            b"linkpath" => ahead.link = Some(value.to_vec()),
            b"size" => ahead.size = std::str::from_utf8(value).ok().and_then(|value| value.parse().ok()),
            _ => {}
        }
    }
}

/// Passes over the headers that say where the holes of a file are (GNU tar, *Sparse Formats*, the old one).
fn pass_holes(tar: &mut impl BufRead, header: &Header) -> io::Result<()> {
    let mut more = header.as_gnu().is_some_and(tar::GnuHeader::is_extended);
    let mut block = [0; BLOCK];
    while more {
        tar.read_exact(&mut block)?;
        // Behind 21 places of 24 bytes.
        more = block[504] == 1;
    }
    Ok(())
}

fn text(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    bytes.truncate(end);
    bytes
}

/// Reads a whole block; not so if nothing is left.
fn fill(tar: &mut impl BufRead, block: &mut [u8; BLOCK]) -> io::Result<bool> {
    if tar.fill_buf()?.is_empty() {
        return Ok(false);
    }
    tar.read_exact(block).map(|()| true)
}

/// Passes over `count` bytes without a copy of them.
fn skip(tar: &mut impl BufRead, mut count: u64) -> io::Result<()> {
    while count > 0 {
        let available = tar.fill_buf()?.len();
        if available == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let taken = count.min(available as u64);
        tar.consume(taken as usize);
        count -= taken;
    }
    Ok(())
}

fn odd(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    /// What is in a tar: names, what they are, and how their bytes start.
    fn walked(tar: Vec<u8>) -> io::Result<Vec<(String, Kind, Vec<u8>)>> {
        let mut found = Vec::new();
        walk(&mut Cursor::new(tar), |entry, body| {
            let mut start = vec![0; entry.size.min(3) as usize];
            body.read_exact(&mut start)?;
            found.push((String::from_utf8_lossy(&entry.path).into_owned(), entry.kind.clone(), start));
            Ok::<(), io::Error>(())
        })?;
        Ok(found)
    }

    fn header(kind: EntryType, name: &str, size: u64) -> Header {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_path(name).expect("a short name");
        header.set_size(size);
        header.set_cksum();
        header
    }

    #[test]
    fn entries() {
        let mut tar = tar::Builder::new(Vec::new());
        let long = "x/".repeat(120) + "y";
        tar.append_data(&mut header(EntryType::Regular, "a", 5), "a", &b"bytes"[..]).expect("written");
        tar.append_data(&mut header(EntryType::Regular, "b", 0), &long, &b""[..]).expect("written");
        tar.append_pax_extensions([("path", "é/p".as_bytes()), ("mtime", b"1.5".as_slice())]).expect("written");
        tar.append(&header(EntryType::Regular, "short", 700), &[7; 700][..]).expect("written");
        tar.append_data(&mut header(EntryType::Directory, "d", 0), "d/", &b""[..]).expect("written");
        tar.append_link(&mut header(EntryType::Symlink, "l", 0), "l", &long).expect("written");
        tar.append_link(&mut header(EntryType::Link, "h", 0), "h", "a").expect("written");
        tar.append(&header(EntryType::Fifo, "f", 0), &b""[..]).expect("written");
        let tar = tar.into_inner().expect("whole");
        let entry = |path: &str, kind, start: &[u8]| (path.to_owned(), kind, start.to_vec());
        let expected = [
            entry("a", Kind::File, b"byt"),
            entry(&long, Kind::File, b""),
            entry("é/p", Kind::File, &[7, 7, 7]),
            entry("d/", Kind::Directory, b""),
            entry("l", Kind::Link(long.clone().into_bytes()), b""),
            entry("h", Kind::Same(b"a".to_vec()), b""),
            entry("f", Kind::Other, b""),
        ];
        assert_eq!(walked(tar.clone()).expect("read"), expected);
        // Without the blocks at the end, and with what is behind them.
        assert_eq!(walked(tar[..tar.len() - 1024].to_vec()).expect("read"), expected);
        assert_eq!(walked([&tar[..], b"behind"].concat()).expect("read"), expected);
        assert_eq!(walked(Vec::new()).expect("read"), []);
    }

    #[test]
    fn holes_are_passed_over() {
        let mut sparse = header(EntryType::GNUSparse, "s", 512);
        sparse.as_gnu_mut().expect("of GNU").set_is_extended(true);
        sparse.set_cksum();
        let mut holes = [[1; BLOCK], [0; BLOCK]];
        holes[0][504] = 1;
        let last = header(EntryType::Regular, "z", 0);
        let tar = [&sparse.as_bytes()[..], &holes.concat(), &[9; BLOCK], last.as_bytes()].concat();
        let names: Vec<String> = walked(tar).expect("read").into_iter().map(|(name, ..)| name).collect();
        assert_eq!(names, ["s", "z"]);
    }

    #[test]
    fn broken() {
        let check = |tar: &[&[u8]], expected: &str| {
            let error = walked(tar.concat()).expect_err("broken").to_string();
            assert!(error.contains(expected), "{error}");
        };
        let file = header(EntryType::Regular, "a", 600);
        check(&[file.as_bytes(), &[1; 600]], "unexpected end");
        check(&[&file.as_bytes()[..100]], "fill whole buffer");
        check(&[&[1; BLOCK]], "");
        let mut other = file.clone();
        other.as_mut_bytes()[0] = b'b';
        check(&[other.as_bytes()], "another sum");
        check(&[header(EntryType::GNULongName, "a", 2 << 20).as_bytes()], "longer than a megabyte");
        check(&[header(EntryType::XHeader, "a", 1 << 40).as_bytes()], "longer than a megabyte");
        check(&[header(EntryType::Regular, "a", u64::MAX).as_bytes(), &[1; 3]], "unexpected end");
    }

    proptest::proptest! {
        /// Whatever the bytes are, it ends, and no name is larger than what there is.
        #[test]
        fn hostile_bytes(at in 0usize..2048, byte: u8, cut in 0usize..4096) {
            let mut tar = tar::Builder::new(Vec::new());
            let long = "x/".repeat(120) + "y";
            tar.append_data(&mut header(EntryType::Regular, "a", 5), &long, &b"bytes"[..]).expect("written");
            tar.append_pax_extensions([("path", b"p".as_slice()), ("size", b"5")]).expect("written");
            tar.append(&header(EntryType::Regular, "b", 5), &b"bytes"[..]).expect("written");
            let mut tar = tar.into_inner().expect("whole");
            tar[at] = byte;
            // So that what was changed is believed.
            let block = at / BLOCK * BLOCK;
            let mut own = Header::from_byte_slice(&tar[block..block + BLOCK]).clone();
            own.set_cksum();
            tar[block..block + BLOCK].copy_from_slice(own.as_bytes());
            tar.truncate(cut.min(tar.len()));
            if let Ok(entries) = walked(tar) {
                proptest::prop_assert!(entries.len() < 8);
            }
        }
    }
}
